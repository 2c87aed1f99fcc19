"""Step 7, when a status comes late: what ends up in DynamoDB is the newest attempt's, whoever wrote last.

Most begin with a record whose first attempt failed and whose status is still owed. The row is tried again while that
status is on its way, so that the endpoint gets the older one after the newer one.
"""

from collections.abc import Callable, Sequence

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from catalog.models import ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.corrections.undoing import put
from uploads.aws import dynamo
from uploads.aws.dynamo import StatusUpdate
from uploads.corrections import correct, retry
from uploads.corrections.failed_rows import Selection
from uploads.models import RecordOutcome
from uploads.pipeline import ledger, reconcile, stream, writeback
from uploads.pipeline.ledger import Outcome

Key = tuple[str, str]


@pytest.fixture(params=["a row of a file", "a record of another program"])
def failed(request: pytest.FixtureRequest, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Key:
    """A record whose price is wrong, committed; its status is owed."""
    with monkeypatch.context() as held:
        held.setattr(writeback, "send", lambda outcomes: writeback.Sent([], []))
        if request.param == "a row of a file":
            return pipeline.run(feed(line(1, price="x"))).pk, "REC_0000001"
        put("REC-7", price="x")
        pipeline.settle()
        return "ERP", "REC-7"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statuses as the endpoint gets them, in that order."""
    real, statuses = dynamo.write_statuses, list[str]()

    def write(updates: Sequence[StatusUpdate]) -> list[str | None]:
        answers = real(updates)
        statuses.extend(update.status for update in updates)
        return answers

    monkeypatch.setattr(dynamo, "write_statuses", write)
    return statuses


def overtaken(monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], object]) -> None:
    """Each of the next requests for statuses reaches the endpoint only after something else was done."""
    on_the_way, todo = dynamo.write_statuses, list(meanwhile)

    def held_back(updates: Sequence[StatusUpdate]) -> list[str | None]:
        if todo:
            todo.pop(0)()
            connection.close()  # that of a writer's thread
        return on_the_way(updates)

    monkeypatch.setattr(dynamo, "write_statuses", held_back)


def mend(key: Key, user: User, attempt: int = 1, price: str = "5.00") -> None:
    correct.correct(*key, attempt, {"price": price}, user)


def owed() -> list[Outcome]:
    rows = RecordOutcome.objects.filter(written_back_at=None).order_by("id")
    return [Outcome(*row) for row in rows.values_list("upload_id", "record_id", "outcome", "error_reason", "attempt")]


def in_table(key: Key) -> tuple[str, str]:
    item = dynamo.get_record(*key)
    assert item is not None
    return item["status"]["S"], item.get("error_reason", {}).get("S", "")


def test_a_status_that_lands_after_a_newer_attempts_is_written_over_at_once(
    failed: Key, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(monkeypatch, lambda: mend(failed, admin_user))
    writeback.write(owed())

    assert sent == ["validated", "error", "validated"]
    assert in_table(failed) == ("validated", "")
    assert owed() == []


def test_the_consumers_late_status_is_written_over_with_its_next_page(
    pipeline: Pipeline, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1, price="x")))
    pipeline.stage(upload)
    overtaken(monkeypatch, lambda: mend((upload.pk, "REC_0000001"), admin_user))
    while stream.consume():
        pass

    assert sent == ["validated", "error", "validated"]
    assert in_table((upload.pk, "REC_0000001")) == ("validated", "")
    assert owed() == []


def test_a_late_reason_does_not_stay_in_the_place_of_the_newer_one(
    failed: Key, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(monkeypatch, lambda: mend(failed, admin_user, price="free"))
    writeback.write(owed())

    assert sent == ["error"] * 3
    assert "free" in in_table(failed)[1]
    assert owed() == []


def test_of_three_attempts_whose_statuses_land_in_reverse_the_third_ones_stays(
    failed: Key, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(
        monkeypatch,
        lambda: mend(failed, admin_user, attempt=1, price="free"),
        lambda: mend(failed, admin_user, attempt=2),
    )
    writeback.write(owed())

    third, second, again, first, once_more = sent
    assert (third, second, first) == ("validated", "error", "error")
    assert (again, once_more) == ("validated", "validated")
    assert in_table(failed) == ("validated", "")
    assert owed() == []


def test_rows_that_a_job_tries_again_are_no_exception(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(*(line(n, category="Drones") for n in range(1, 4))))
    pipeline.stage(upload)

    def try_all() -> None:
        ProductCategory.objects.create(category_name="Drones")
        run_jobs(retry.start(Selection(upload_id=upload.pk), admin_user))

    overtaken(monkeypatch, try_all)
    while stream.consume():
        pass

    assert [item["status"]["S"] for item in dynamo.query_upload(upload.pk)] == ["validated"] * 3
    assert owed() == []


def test_no_status_is_written_before_the_attempt_is_in_the_ledger_for_all(
    failed: Key, admin_user: User, sent: list[str]
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        mend(failed, admin_user)
    change = correct.Change(failed[1], 1, {"price": "5.00"})
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        correct.correct_rows(failed[0], [change], admin_user)
    job = retry.start(Selection(upload_id=failed[0]), admin_user)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        retry.step(job)

    assert sent == []
    assert RecordOutcome.objects.count() == 1


def test_when_the_late_writer_dies_before_it_can_look_the_sweep_writes_the_newest(
    failed: Key, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(monkeypatch, lambda: mend(failed, admin_user))
    writeback.send(owed())
    assert in_table(failed)[0] == "error", "that is what it died on"

    assert writeback.sweep(older_than_seconds=0) == 1
    assert sent == ["validated", "error", "validated"]
    assert in_table(failed) == ("validated", "")
    assert owed() == []


def test_when_the_table_is_away_as_soon_as_the_late_status_landed_the_newest_stays_owed(
    failed: Key, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger.note_written

    def then_away(outcomes: Sequence[Outcome]) -> list[Outcome]:
        unplugged.setattr(dynamo, "write_statuses", away)
        return real(outcomes)

    def away(updates: Sequence[StatusUpdate]) -> list[str | None]:
        raise dynamo.Unavailable("no route")

    late = owed()
    mend(failed, admin_user)
    with monkeypatch.context() as unplugged:
        unplugged.setattr(ledger, "note_written", then_away)
        writeback.write(late)
    assert in_table(failed)[0] == "error"
    assert [outcome.attempt for outcome in owed()] == [2]

    writeback.sweep(older_than_seconds=0)
    assert in_table(failed) == ("validated", "")
    assert owed() == []


def test_a_status_that_is_still_owed_when_the_row_is_tried_again_is_never_written_any_more(
    failed: Key, admin_user: User, sent: list[str]
) -> None:
    mend(failed, admin_user)
    writeback.sweep(older_than_seconds=0)

    assert set(sent) == {"validated"}
    assert owed() == []


def test_a_reconcile_that_is_overtaken_leaves_the_newest_status(
    failed: Key, admin_user: User, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(monkeypatch, lambda: mend(failed, admin_user))
    assert reconcile.reconcile(failed[0]).differing == 1

    assert sent == ["validated", "error", "validated"]
    assert in_table(failed) == ("validated", "")
    assert owed() == []


def test_what_a_reconcile_finds_but_cannot_write_is_owed(failed: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    RecordOutcome.objects.update(written_back_at="2026-01-31T10:30:45Z")

    def away(updates: Sequence[StatusUpdate]) -> list[str | None]:
        raise dynamo.Unavailable("no route")

    with monkeypatch.context() as unplugged:
        unplugged.setattr(dynamo, "write_statuses", away)
        reconcile.reconcile(failed[0])
    assert len(owed()) == 1

    assert writeback.sweep(older_than_seconds=0) == 1
    assert in_table(failed)[0] == "error"
