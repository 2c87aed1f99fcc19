"""A worker of the version before goes on beside the new ones, on the new schema, as while a release is rolled out."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import processes
from tests.live import Platform, eventually, sample_feed

# The last commit of the version before: it moves on with each that changes the schema or what stands in the table.
BEFORE = "a4126f6"
ROWS = 4000


@pytest.fixture
def old_code(tmp_path: Path) -> Path:
    """The tree of that version, with the packages of this one."""
    packed = subprocess.run(["git", "archive", BEFORE], cwd=processes.ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"The history has no {BEFORE} here: {packed.stderr.decode().strip()}")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder)  # noqa: S202 - our own history; and Python 3.11.0 to 3.11.3 know no filters
    return folder


@pytest.fixture
def old_worker(old_code: Path, platform: Platform, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The only worker, until somebody starts another."""
    platform.kill("worker", with_children=True)
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "staging,stream,upkeep,jobs", "-c", "2"]
    with (tmp_path / "old-worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=old_code, env=platform.env, stdout=log, stderr=log)
        yield worker
        worker.kill()
        worker.wait()


def test_a_worker_of_the_version_before_and_a_new_one_import_a_file_together(
    platform: Platform, old_worker: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND003")
    _, opened, _ = platform.manage("import_feed", str(path), "--vendor", "VEND003", "--json")
    mine = f"WHERE upload_id = '{json.loads(opened)['upload_id']}'"

    def counted(condition: str) -> bool:
        return bool(platform.rows(f"SELECT 1 FROM upload_history {mine} AND {condition}"))

    with platform.held(ROWS // 2):
        eventually(lambda: counted(f"total_records >= {ROWS // 2}"), "the old worker alone gets to the middle")
        platform.up()
    eventually(lambda: counted("status = 'completed'"), "completed")
    assert old_worker.poll() is None, "it was there all the time"
    assert platform.rows(f"SELECT total_records, error_records FROM upload_history {mine}") == [(ROWS, ROWS // 20)]
    assert platform.rows("SELECT count(*) FROM products") == [(ROWS - ROWS // 20,)]
    assert platform.rows("SELECT count(*), count(DISTINCT record_id) FROM record_outcomes") == [(ROWS, ROWS)]
    eventually(lambda: not platform.rows("SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL"), "written back")


def test_what_the_web_of_the_version_before_opens_is_imported_by_new_workers_and_shown_by_both(
    platform: Platform, old_code: Path, tmp_path: Path
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, 100, "VEND003")

    def old(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=old_code, env=platform.env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    opened = json.loads(old("import_feed", str(path), "--vendor", "VEND003", "--json"))["upload_id"]
    mine = f"WHERE upload_id = '{opened}'"
    eventually(lambda: platform.rows(f"SELECT 1 FROM upload_history {mine} AND status = 'completed'"), "completed")
    assert platform.rows(f"SELECT total_records, error_records FROM upload_history {mine}") == [(100, 5)]
    asked = f"""
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
browser = Client(HTTP_HOST="localhost")
browser.force_login(User.objects.get(username="admin"))
for page in ("", f"uploads/uploadhistory/{{quote('{opened}')}}/change/", "uploads/recordoutcome/", "catalog/product/"):
    print(browser.get(f"/admin/{{page}}").status_code)
"""
    assert old("shell", "-c", asked).split()[-4:] == ["200"] * 4
    assert platform.python("manage.py", "shell", "-c", asked).stdout.split()[-4:] == ["200"] * 4
