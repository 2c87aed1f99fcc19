"""The whole platform as people run it: real processes, started, killed, and started again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.embedded import processes
from tests.conftest import Pipeline
from tests.live import Platform, eventually, sample_feed

ROWS = 3000
PRODUCTS = """
    SELECT vendor_id, vendor_product_id, product_name, category, sku, brand, description, price, stock_quantity
      FROM products ORDER BY sku
"""
ERRORS = "SELECT row_number, error_type, field, error_message FROM validation_errors ORDER BY 1, 2, 3"
OPEN_TRANSACTIONS = """
    SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""
COUNTS = """
    SELECT status, file_rows, total_records, valid_records, error_records, inserted_records, updated_records
      FROM upload_history
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Iterator[Platform]:
    platform = Platform(tmp_path_factory.mktemp("platform"))
    platform.up_as_typed()
    yield platform
    platform.end()


def test_after_set_up_the_checklist_has_only_ticks(platform: Platform) -> None:
    done = platform.python("manage.py", "verify_setup", "--json")

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"]


def test_a_record_that_a_script_puts_into_the_table_becomes_a_product(platform: Platform) -> None:
    platform.table().put_item(
        Item={
            "upload_id": "ERP_1",
            "record_id": "REC_0000001",
            "vendor_id": "VEND003",
            "row_number": 1,
            "product_data": {
                "vendor_product_id": "E-1",
                "product_name": "Put by a script",
                "category": "Books",
                "sku": "ERP-1",
                "price": 19,
                "stock_quantity": 7,
            },
            "status": "pending_validation",
        }
    )

    assert eventually(lambda: platform.rows("SELECT 1 FROM products WHERE sku = 'ERP-1'"), "the product is there")


@pytest.mark.usefixtures("other_vendor")
def test_a_worker_killed_in_the_middle_ends_with_the_same_tables_as_an_undisturbed_run(
    platform: Platform, pipeline: Pipeline, tmp_path: Path, django_db_blocker: Any
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND002")
    undisturbed = pipeline.run(path.read_bytes(), "VEND002")
    with platform.held(500):
        opened = platform.python("manage.py", "import_feed", str(path), "--vendor", "VEND002", "--json")
        upload_id = json.loads(opened.stdout)["upload_id"]
        mine = f"WHERE upload_id = '{upload_id}'"
        eventually(platform.waits, "some rows are counted, and the next batch is all but committed")
        (before,) = _counts(platform, upload_id)
        platform.kill("worker", with_children=True)
    eventually(lambda: not platform.rows(OPEN_TRANSACTIONS), "PostgreSQL has taken the batch back")
    assert before[0] == "processing"
    assert 0 < before[2] < ROWS
    assert _counts(platform, upload_id) == [before]
    platform.up_as_typed()
    eventually(lambda: platform.rows(f"SELECT 1 FROM upload_history {mine} AND status = 'completed'"), "completed")

    assert _counts(platform, upload_id) == _django_rows(f"{COUNTS} WHERE upload_id = '{undisturbed.upload_id}'")
    own = PRODUCTS.replace("ORDER", "WHERE vendor_id = 'VEND002' ORDER")
    assert platform.rows(own) == _django_rows(own)
    errors = ERRORS.replace("ORDER", f"{mine} ORDER")
    assert platform.rows(errors) == _django_rows(ERRORS)
    eventually(lambda: not platform.rows("SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL"), "written back")


def _counts(platform: Platform, upload_id: str) -> list[tuple[Any, ...]]:
    return platform.rows(f"{COUNTS} WHERE upload_id = '{upload_id}'")


def _django_rows(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_stopping_leaves_no_process_behind(platform: Platform) -> None:
    family = [
        process
        for service in platform.state.values()
        for process in [psutil.Process(service["pid"]), *psutil.Process(service["pid"]).children(recursive=True)]
    ]
    assert len(family) > 5
    platform.down()

    assert [process for process in family if processes.lives(process)] == []
