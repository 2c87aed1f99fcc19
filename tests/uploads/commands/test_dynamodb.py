"""The dynamodb command: create, describe, query and delete the table of records."""

from typing import Any

import pytest

from tests.conftest import Pipeline
from tests.uploads.commands.ended import Run, answers
from uploads.aws import dynamo
from uploads.models import UploadHistory


def test_create_shows_progress_and_then_the_table_as_it_is(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Creating the table ...",
        "The table is ready.",
        f"  Table    {no_table}, ACTIVE, PAY_PER_REQUEST",
        "  Keys     upload_id + record_id",
        "  Stream   enabled, NEW_IMAGE",
        "  Index    VendorIndex, ACTIVE, vendor_id + upload_id, KEYS_ONLY",
        "  Index    StatusIndex, ACTIVE, upload_id + status, INCLUDE",
    ]
    again = run("dynamodb", "create")
    assert (again.status, again.err) == (0, "")
    assert again.out.splitlines() == ["The table exists already.", *done.out.splitlines()[2:]]


def test_a_table_with_provisioned_capacity_can_be_chosen(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create", "--billing", "PROVISIONED", "--capacity", "2000")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[2:] == [
        f"  Table    {no_table}, ACTIVE, PROVISIONED, 2,000 write and 1,000 read units",
        "  Keys     upload_id + record_id",
        "  Stream   enabled, NEW_IMAGE",
        "  Index    VendorIndex, ACTIVE, vendor_id + upload_id, KEYS_ONLY, 1,000 write and 1,000 read units",
        "  Index    StatusIndex, ACTIVE, upload_id + status, INCLUDE, 3,000 write and 1,000 read units",
    ]


def test_help_says_what_the_capacity_is_of(run: Run) -> None:
    told = " ".join(run("dynamodb", "create", "--help").out.split())
    assert "N write units a second (5 if left out), VendorIndex half and StatusIndex one and a half times" in told
    assert "what N/2 rows a second take. Each gets N/2 read units." in told


def test_no_capacity_at_all_is_refused(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create", "--billing", "PROVISIONED", "--capacity", "0")
    assert done.status == 1
    assert done.err.endswith("argument --capacity: at least 1 is needed")


@pytest.mark.parametrize("answer", ["no", "", "y", "yes please"])
def test_delete_asks_and_keeps_the_table_without_a_yes(
    table: str, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    answers(monkeypatch, answer)
    done = run("dynamodb", "delete")
    assert (done.status, done.err) == (1, "Nothing was deleted.")
    assert dynamo.describe_table()["TableName"] == table


def test_delete_keeps_the_table_where_nobody_can_be_asked(
    table: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert run("dynamodb", "delete").err == "Nothing was deleted."
    dynamo.describe_table()


@pytest.mark.parametrize("arguments", [["--yes"], []], ids=["--yes", "yes"])
def test_delete_goes_ahead_with_a_yes(
    no_table: str, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    asked = answers(monkeypatch, "yes")
    run("dynamodb", "create")
    done = run("dynamodb", "delete", *arguments)
    assert (done.status, done.out) == (0, f"The table {no_table} is being deleted.\n")
    assert asked == ([] if arguments else [f"Delete the table {no_table} with about 0 records? Type yes: "])
    with pytest.raises(dynamo.TableMissing):
        dynamo.describe_table()


@pytest.mark.parametrize("call", ["delete", "sample", "queries"])
def test_without_a_table_each_call_says_how_to_create_it(no_table: str, run: Run, call: str) -> None:
    done = run("dynamodb", call)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"The DynamoDB table {no_table} doesn't exist. Create it with: manage.py dynamodb create"
    )  # fmt: skip


def test_the_sample_record_becomes_a_product(pipeline: Pipeline, run: Run) -> None:
    done = run("dynamodb", "sample")
    assert done.status == 0
    upload_id = done.out.split()[3].rstrip(".")
    record = dynamo.get_record(upload_id, "REC_0000001")
    assert record is not None
    assert record["status"] == {"S": "pending_validation"}
    pipeline.settle()
    upload = UploadHistory.objects.get(upload_id=upload_id)
    assert (upload.status, upload.inserted_records) == ("completed", 1)


def test_queries_without_data_say_what_to_do(table: str, run: Run) -> None:
    done = run("dynamodb", "queries")
    assert done.status == 0
    assert done.out.splitlines() == [
        "VendorIndex: VEND001 has records in 0 uploads (first 1,000 records read)",
        "Nothing to query yet. Put something in: manage.py dynamodb sample",
    ]


def test_queries_ask_the_table_and_both_indexes(table: str, run: Run) -> None:
    def item(upload_id: str, number: int, vendor_id: str, **more: str) -> dict[str, Any]:
        names = {"upload_id": upload_id, "record_id": f"REC_{number:07d}", "vendor_id": vendor_id, **more}
        return {name: {"S": value} for name, value in names.items()}

    wrong = {"status": "error", "error_reason": "The price is missing."}
    dynamo.put_records(
        [
            item("UPLOAD_1", 1, "VEND001", status="validated"),
            item("UPLOAD_2", 1, "VEND001", status="validated"),
            *(item("UPLOAD_2", number, "VEND001", **wrong) for number in range(2, 9)),
            item("UPLOAD_3", 1, "VEND002", **wrong),
        ]
    )
    shown = run("dynamodb", "queries").out.splitlines()
    assert shown[:3] == [
        "VendorIndex: VEND001 has records in 2 uploads (first 1,000 records read)", "  UPLOAD_1", "  UPLOAD_2",
    ]  # fmt: skip
    assert shown[3:6] == [
        "Table: the first record of UPLOAD_2",
        "  REC_0000001  validated",
        "StatusIndex: error records of UPLOAD_2 (at most 5 shown): 5",
    ]
    assert sorted(shown[6:]) == [f"  REC_000000{number}  error  The price is missing." for number in range(2, 7)]
    assert run("dynamodb", "queries", "--vendor", "VEND002").out.splitlines()[1] == "  UPLOAD_3"
