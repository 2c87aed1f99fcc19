"""The database's clock jumps a minute either way under a platform of real processes: leases end early, or late."""

import json
from pathlib import Path

import psycopg

from tests.live import Platform, eventually, sample_feed

ROWS = 4000
# What the workers call is looked for in this schema first; what PostgreSQL itself calls by, it isn't.
SHIFTED = """
    CREATE SCHEMA shifted;
    CREATE TABLE shifted.clock (by interval NOT NULL);
    INSERT INTO shifted.clock VALUES ('0');
    CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + by FROM shifted.clock';
    CREATE FUNCTION shifted.now() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT pg_catalog.now() + by FROM shifted.clock';
    ALTER DATABASE onboarding SET search_path = shifted, pg_catalog, public;
"""
AHEAD = """
    SELECT 1 FROM stream_shards
     WHERE greatest(lease_expires_at, caught_up_at) > pg_catalog.clock_timestamp() + interval '30 s'
"""


def test_with_the_databases_clock_jumping_a_minute_either_way_every_row_counts_once(
    platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND003")
    own = psycopg.connect(platform.url, autocommit=True)
    own.execute(SHIFTED)
    platform.kill("worker", with_children=True)  # those that come have connections that know of it
    platform.kill("beat", with_children=True)
    platform.up()
    opened = platform.python("manage.py", "import_feed", str(path), "--vendor", "VEND003", "--json")
    mine = f"WHERE upload_id = '{json.loads(opened.stdout)['upload_id']}'"

    def counted(condition: str) -> bool:
        return bool(platform.rows(f"SELECT 1 FROM upload_history {mine} AND {condition}"))

    for number, by in enumerate(("60 s", "-60 s", "0 s", "-60 s", "60 s", "0 s"), 1):
        at = number * ROWS // 8
        with platform.held(at):
            eventually(lambda: counted(f"total_records >= {at}"), "going on")  # noqa: B023 - it is done with at the end of the line
            own.execute("UPDATE shifted.clock SET by = %s", [by])
        if by == "60 s":
            eventually(lambda: platform.rows(AHEAD), "the workers' clock is ahead")
    eventually(lambda: counted("status = 'completed'"), "completed")
    assert platform.rows(f"SELECT total_records, error_records FROM upload_history {mine}") == [(ROWS, ROWS // 20)]
    assert platform.rows("SELECT count(*) FROM products") == [(ROWS - ROWS // 20,)]
    assert platform.rows("SELECT count(*), count(DISTINCT record_id) FROM record_outcomes") == [(ROWS, ROWS)]
    eventually(lambda: not platform.rows("SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL"), "written back")
    own.close()
