"""Tests that commit have the connection of the test before, in which nothing of it is left."""

from django.db import connection

from tests import emptying

SETTINGS = "SELECT current_setting('enable_seqscan'), current_setting('TimeZone'), current_setting('lock_timeout')"
LEFT = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"


def test_what_a_test_set_in_its_connection_is_forgotten(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        before = cursor.fetchone()
        cursor.execute("SET enable_seqscan = off; SET TIME ZONE 'Asia/Tokyo'; SET lock_timeout = '2s'")
        cursor.execute("SELECT pg_advisory_lock(1, 2)")
        assert not emptying.has_to_connect_anew()
        cursor.execute(SETTINGS)
        assert cursor.fetchone() == before
        cursor.execute(LEFT)
        assert cursor.fetchone() == (0,)


def test_a_connection_that_is_in_a_transaction_still_is_not_kept(db: None) -> None:
    assert emptying.has_to_connect_anew()
