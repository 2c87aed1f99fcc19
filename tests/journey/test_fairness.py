"""A small file of one vendor doesn't wait for a huge one of another, on the platform as people run it."""

import json

from tests.live import Platform, eventually, sample_feed

HUGE, SMALL = 15_000, 1_000


def _sent(platform: Platform, rows: int, vendor_id: str) -> str:
    """Send a feed of that many rows; returns the upload's id."""
    path = platform.folder.with_name(f"{vendor_id}.csv")
    sample_feed(path, rows, vendor_id)
    done = platform.python("manage.py", "import_feed", str(path), "--vendor", vendor_id, "--json")
    assert done.returncode == 0, done.stderr
    upload_id: str = json.loads(done.stdout)["upload_id"]
    return upload_id


def test_a_small_file_sent_while_a_huge_one_is_staged_is_complete_long_before_it(platform: Platform) -> None:
    hold = """
        UPDATE stream_shards SET lease_epoch = lease_epoch + 1, lease_expires_at = now() + interval '1 hour' RETURNING 1
    """
    eventually(lambda: platform.rows(hold), "nobody reads the stream")
    huge = _sent(platform, HUGE, "VEND001")
    of_huge = f"FROM upload_history WHERE upload_id = '{huge}'"
    # As far as it goes while nobody takes rows from it: to its end, were there no limit.
    far = "file_rows IS NOT NULL OR staged_rows > 5000 AND staging_expires_at < now()"
    eventually(lambda: platform.rows(f"SELECT 1 {of_huge} AND ({far})"), "staged as far as it goes")
    ((ahead,),) = platform.rows(f"SELECT staged_rows {of_huge}")
    small = _sent(platform, SMALL, "VEND002")
    of_small = f"FROM upload_history WHERE upload_id = '{small}'"
    eventually(lambda: platform.rows(f"SELECT 1 {of_small} AND file_rows IS NOT NULL"), "the small one is staged")
    # What has to be counted before it is complete: where more is, the huge one could be done by the time we look.
    with platform.held(ahead + SMALL):
        platform.rows("UPDATE stream_shards SET lease_expires_at = NULL RETURNING 1")
        at_its_end = f"SELECT status, file_rows {of_huge} AND EXISTS (SELECT 1 {of_small} AND status = 'completed')"
        huge_then = eventually(lambda: platform.rows(at_its_end), "the small one is complete")
        assert huge_then == [("processing", None)], "not even staged to its end"
    assert platform.rows(f"SELECT total_records {of_small}") == [(SMALL,)]
    eventually(lambda: platform.rows(f"SELECT 1 {of_huge} AND status = 'completed'"), "the huge one is complete too")
    assert platform.rows(f"SELECT total_records {of_huge}") == [(HUGE,)]
