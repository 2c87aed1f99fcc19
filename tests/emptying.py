"""Puts the tests' database back to what the migrations left, after each test that commits.

Django's own way truncates every table and makes permissions and content types anew, which costs half a second each time
and takes away what migrations put in. Here only what was touched is emptied, in one statement.

Nor is a new connection made each time, which takes longer than that: PostgreSQL puts the one there is back to what it
was when it was made.
"""

from typing import Final

from django.core.management import call_command
from django.db import connection

# Above this many bytes a table is truncated: what was deleted stays in its file, and the planner counts its pages.
LARGE: Final = 2 * 8192
_KEEP: Final = """
CREATE SCHEMA as_migrated;
DO $$
DECLARE one regclass; has boolean;
BEGIN
    FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one) INTO has;
        IF has THEN
            EXECUTE format('CREATE TABLE as_migrated.%1$s AS TABLE %1$s', one);
        END IF;
    END LOOP;
END $$
"""
# As a replica's session, no trigger and no foreign key is asked.
_EMPTY: Final = f"""
DO $$
DECLARE one regclass; kept regclass; differs boolean;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR one IN
        SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND pg_relation_size(oid) > 0 AND to_regclass('as_migrated.' || quote_ident(relname)) IS NULL
    LOOP
        IF pg_relation_size(one) > {LARGE} THEN
            EXECUTE format('TRUNCATE %s CASCADE', one);
        ELSE
            EXECUTE format('DELETE FROM %s', one);
        END IF;
    END LOOP;
    FOR kept IN SELECT oid FROM pg_class WHERE relnamespace = 'as_migrated'::regnamespace AND relkind = 'r' LOOP
        SELECT ('public.' || quote_ident(relname))::regclass INTO one FROM pg_class WHERE oid = kept;
        EXECUTE format(
            'SELECT EXISTS (TABLE %1$s EXCEPT TABLE %2$s) OR EXISTS (TABLE %2$s EXCEPT TABLE %1$s)', one, kept
        ) INTO differs;
        IF differs THEN
            EXECUTE format('DELETE FROM %s', one);
            EXECUTE format('INSERT INTO %s TABLE %s', one, kept);
        END IF;
    END LOOP;
END $$
"""


def keep_what_migrations_made() -> None:
    """Remember what stands in the database now, for `empty`."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP)


def empty(_case: object = None) -> None:
    """Take what tests committed out of the database again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            cursor.execute(_EMPTY)
            return
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


def has_to_connect_anew(_case: object = None) -> bool:
    """Whether a connection is unlike a new one still; where it can, PostgreSQL forgets all that was set in it."""
    if not connection.get_autocommit():
        return True
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    connection.init_connection_state()  # what Django sets in a new one
    return False
