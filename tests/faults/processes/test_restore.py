"""A backup of the middle of the work, restored when the work is done: the lines of docs/operations.md, followed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.embedded import postgres, processes
from tests.live import Platform, eventually, sample_feed

ROWS = 2000
DOCS = (processes.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CATALOG = """
    SELECT vendor_id, vendor_product_id, sku, product_name, category, brand, description, price, stock_quantity
      FROM products ORDER BY sku
"""
COUNTERS = """
    SELECT total_records, valid_records, error_records, inserted_records, updated_records, unchanged_records,
           superseded_records FROM upload_history ORDER BY sequence
"""
ERRORS = "SELECT upload_id, row_number, error_type, field FROM validation_errors ORDER BY 1, 2, 3, 4"


def lines(part: str) -> str:
    found = re.search(rf"<!-- {part} -->\n```\n(.*?)```\n<!-- /{part} -->", DOCS, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def restored(platform: Platform, tmp_path: Path) -> "Restored":
    return Restored(platform, tmp_path)


class Restored:
    """The platform, and the database that is restored beside its own."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        server = platform.url.rpartition("/")[0]
        self.platform, self.folder, self.url = platform, folder, f"{server}/restored"
        path = os.pathsep.join([str(postgres._bin()), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.env = platform.env | {"PATH": path, "PRODUCTION": "0", "SECRET_KEY": "of-a-test-and-nobody-else"}
        self.urls = {"DATABASE_URL": platform.url, "SERVER_URL": f"{server}/postgres", "RESTORED_URL": self.url}

    def follow(self, part: str) -> None:
        """What people are told to type."""
        commands = lines(part).replace("onboarding.dump", str(self.folder / "onboarding.dump"))
        done = subprocess.run(
            ["bash", "-euc", commands], cwd=processes.ROOT, env=self.env | self.urls, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"

    def stop(self) -> None:
        for name in ("beat", "worker"):
            self.platform.kill(name, with_children=True)

    def start(self) -> None:
        self.platform.env = self.env | {"DATABASE_URL": self.url}
        self.platform.up()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()


def imported(platform: Platform, path: Path) -> str:
    opened = platform.python("manage.py", "import_feed", str(path), "--vendor", "VEND003", "--json")
    return str(json.loads(opened.stdout)["upload_id"])


def statuses(platform: Platform) -> dict[tuple[str, str], str]:
    pages = platform.dynamodb().get_paginator("scan").paginate(TableName="UploadRecords")
    items = [item for page in pages for item in page["Items"]]
    return {(item["upload_id"]["S"], item["record_id"]["S"]): item["status"]["S"] for item in items}


def replace_the_stream(platform: Platform) -> None:
    """As after more than a day: what was in it is gone."""
    for on in ({"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}):
        platform.dynamodb().update_table(TableName="UploadRecords", StreamSpecification=on)  # type: ignore[arg-type] # both are


@pytest.mark.parametrize("stream", ["is older than the backup", "has lost what came since"])
def test_a_database_restored_from_the_middle_of_an_import_comes_to_what_an_undisturbed_one_came_to(
    restored: Restored, platform: Platform, tmp_path: Path, stream: str
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND003")
    platform.python("manage.py", "dynamodb", "sample")
    with platform.held(ROWS // 2):
        upload_id = imported(platform, path)
        eventually(
            lambda: platform.rows(f"SELECT 1 FROM upload_history WHERE total_records >= {ROWS // 2}"), "half-way"
        )
        restored.follow("backup")
    done = f"SELECT 1 FROM upload_history WHERE upload_id = '{upload_id}' AND status = 'completed'"
    eventually(lambda: platform.rows(done), "completed")
    owed = "SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL"
    eventually(lambda: not platform.rows(owed), "written back")
    restored.stop()
    undisturbed = [platform.rows(asked) for asked in (CATALOG, COUNTERS, ERRORS)], statuses(platform)
    if stream == "has lost what came since":
        replace_the_stream(platform)

    restored.follow("restore")
    assert 0 < restored.rows("SELECT count(*) FROM record_outcomes")[0][0] < ROWS
    restored.start()

    eventually(lambda: restored.rows(done), "completed")
    eventually(lambda: not restored.rows(owed), "written back")
    assert ([restored.rows(asked) for asked in (CATALOG, COUNTERS, ERRORS)], statuses(platform)) == undisturbed
    count, different = restored.rows("SELECT count(*), count(DISTINCT (upload_id, record_id)) FROM record_outcomes")[0]
    assert (count, different) == (ROWS + 1, ROWS + 1)


def test_what_was_sent_after_the_backup_comes_by_the_stream_and_the_file_sent_again_wins(
    restored: Restored, platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, 200, "VEND003")
    restored.follow("backup")
    upload_id = imported(platform, path)
    done = "SELECT 1 FROM upload_history WHERE status = 'completed'"
    eventually(lambda: platform.rows(done), "completed")
    restored.stop()
    undisturbed = platform.rows(CATALOG)

    restored.follow("restore")
    restored.start()

    known = f"SELECT source, total_records FROM upload_history WHERE upload_id = '{upload_id}'"
    eventually(lambda: restored.rows(known) == [("dynamodb", 200)], "adopted")
    again = imported(platform, path)
    counted = (
        f"SELECT unchanged_records + updated_records, error_records FROM upload_history WHERE upload_id = '{again}'"
    )
    eventually(lambda: restored.rows(f"{done} AND upload_id = '{again}'"), "completed")
    assert restored.rows(counted) == [(190, 10)]
    assert restored.rows(CATALOG) == undisturbed
