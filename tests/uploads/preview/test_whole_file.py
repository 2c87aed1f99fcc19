"""A large file is looked at by its dry run, and whoever confirms it takes the word of that, or waits for it."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalog.models import ProductCategory
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from tests.uploads.preview.test_questions_of_formats import again, chosen, export, form
from uploads.aws import storage
from uploads.feed.apart import process, reader
from uploads.models import Job, UploadHistory, ValueRule
from uploads.pipeline import examine, receive
from uploads.preview import dry_run, flow, outlook
from uploads.preview.form import Confirmation
from uploads.work import jobs
from uploads.work.leases import LeaseLost
from vendors.models import Vendor

PLAIN = "p{0},Shirt,Faden,Clothing,Title,Default Title,P-{0},shopify,5,9.50,"
HAT = "z,Hat,Faden,Hats,Title,Default Title,Z,shopify,3,2.50,"


@pytest.fixture(autouse=True)
def nothing_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few rows are treated as those of 20,000 and more."""
    monkeypatch.setattr(examine, "QUICK_LINES", 0)
    monkeypatch.setattr(examine, "is_small", lambda contents: False)


def choose(vendor: Vendor, user: User, content: bytes) -> dict[str, Any]:
    return flow.choose(io.BytesIO(content), "export.csv", vendor, user)


def confirm(context: dict[str, Any], user: User, **changes: str) -> UploadHistory:
    return flow.confirm(Confirmation.from_post(form(context, **changes)), user)


def test_it_waits_until_all_rows_were_looked_at_and_then_takes_that_word(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = choose(vendor, admin_user, export(PLAIN.format(1)))
    assert context["outlook"].wait == outlook.WAIT.format(0)
    with pytest.raises(flow.NotYet, match="still being looked at"):
        confirm(context, admin_user)
    seen = again(context, admin_user)
    assert seen["job"] == context["job"], "who looks again doesn't make it begin again"
    run_jobs()
    seen = again(context, admin_user)
    assert (seen["outlook"].wait, seen["outlook"].button) == ("", "Import 1 product")

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("its rows are looked at in the request")

    monkeypatch.setattr(reader, "look", never)
    upload = confirm(seen, admin_user)
    monkeypatch.undo()
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.valid_records, upload.file_size) == ("completed", 1, len(export(PLAIN.format(1))))


def test_what_only_rows_further_down_leave_open_is_asked_by_the_page_that_waits(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    content = export(*(PLAIN.format(number) for number in range(2_100)), HAT)
    context = choose(vendor, admin_user, content)
    assert context["preview"].ready, "the first rows leave nothing open"
    job = run_jobs()
    assert {name: job.result[name] for name in ("inserted", "open", "problems")} == {
        "inserted": 2_100, "open": 1, "problems": {},
    }  # fmt: skip
    with pytest.raises(examine.Refused) as refused:
        confirm(context, admin_user)
    assert flow.leaves_open(refused.value)
    assert outlook.weight(dry_run.questions(job)) > context["asked"]
    seen = again(context, admin_user)
    assert [one.value for asked in seen["preview"].asked for one in asked.cells] == ['"Hats"']
    assert seen["outlook"].sentence.endswith("1 row waits for an answer; 1 question is open.")
    answered = again(seen, admin_user, **chosen(seen, {'"Hats"': "Clothing"}))
    assert answered["job"] != job, "an answer makes it be tried again"
    job.refresh_from_db()
    run_jobs()
    assert confirm(again(answered, admin_user), admin_user).file_name == "export.csv"


def deactivate_a_category() -> None:
    ProductCategory.objects.filter(category_name="Books").update(is_active=False)


def make_a_rule() -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="boks", right_value="Books")


def change_the_currency() -> None:
    Vendor.objects.update(currency="EUR")


def say_that_it_has_ended() -> None:
    """As a form could, were it believed: the job is done, and nobody has looked at the rows."""
    for job in Job.objects.all():
        job.parameters.pop("looked", None)
        Job.objects.filter(pk=job.pk).update(parameters=job.parameters)


def be_of_another_vendor() -> None:
    Job.objects.update(vendor_id="VEND002")


@pytest.mark.parametrize(
    "change",
    [deactivate_a_category, make_a_rule, change_the_currency, say_that_it_has_ended, be_of_another_vendor],
)
def test_the_word_counts_only_for_exactly_what_was_looked_at(
    pipeline: Pipeline, vendor: Vendor, other_vendor: Vendor, admin_user: User, change: Any
) -> None:
    context = choose(vendor, admin_user, feed(line(1)).encode())
    run_jobs()
    change()
    with pytest.raises(flow.NotYet):
        flow.confirm(Confirmation.from_post(of_columns(context)), admin_user)
    assert not UploadHistory.objects.exists()


def of_columns(context: dict[str, Any]) -> dict[str, str]:
    columns = {column.name: column.field for column in context["preview"].mapped}
    return form(context) | columns


def test_a_file_that_cant_be_read_to_its_end_is_refused_with_that_reason(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, settings: Any
) -> None:
    context = choose(vendor, admin_user, feed(line(1), line(2)).encode())
    settings.MAX_FILE_ROWS = 1
    run_jobs()
    with pytest.raises(examine.Refused, match="more than 1 rows"):
        flow.confirm(Confirmation.from_post(of_columns(context)), admin_user)


def test_while_rows_are_looked_at_the_job_is_held_and_says_how_far_it_is(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "EACH", 0.01)
    monkeypatch.setattr(process, "SMALL", 0)
    seen, save = list[int](), jobs.save

    def noted(job: Job) -> None:
        save(job)
        if "looking" in job.result:
            seen.append(job.result["looking"])

    monkeypatch.setattr(jobs, "save", noted)
    choose(vendor, admin_user, export(*(PLAIN.format(number) for number in range(5_000))))
    assert run_jobs().state == "done"
    assert seen == sorted(seen)
    assert seen[-1] > 0


def test_a_newer_preview_ends_the_look_at_all_rows_too(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SMALL", 0)
    monkeypatch.setattr(process, "EACH", 0.01)
    context = choose(vendor, admin_user, export(*(PLAIN.format(number) for number in range(5_000))))
    watched = []

    def lost(job: Job) -> None:
        watched.append(job.result)
        raise LeaseLost

    monkeypatch.setattr(jobs, "save", lost)
    run_jobs(context["job"])
    assert len(watched) == 1
    assert dry_run.looked_at(context["job"]) is None


# --- the beginning of a file -----------------------------------------------------------------------------------


def test_of_a_large_file_only_the_beginning_is_read_for_the_page(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line(number, description='"in two\nlines"') for number in range(1, 40)]
    whole = "\n".join([HEADER, *rows, ""]).encode()
    monkeypatch.setattr(examine, "BEGINNING", whole.index(b"lines", 700) + 2)
    read, look = list[int](), reader.look

    def noted(file: Any, question: Any) -> Any:
        read.append(file.seek(0, io.SEEK_END))
        file.seek(0)
        return look(file, question)

    monkeypatch.setattr(reader, "look", noted)
    context = choose(vendor, admin_user, whole)
    assert read[0] <= examine.BEGINNING < len(whole)
    outcomes = {row.outcome for row in context["preview"].rows}
    assert outcomes == {"inserted"}, "the row that is cut off in the middle isn't shown"
    assert run_jobs().result["inserted"] == 39
    assert read[-1] == len(whole)


def test_who_looks_again_at_a_large_file_has_no_more_than_its_beginning_fetched_from_storage(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (line(number, description="d" * 400) for number in range(1, 14_000))
    whole = "\n".join([HEADER, *rows, ""]).encode()
    context = choose(vendor, admin_user, whole)
    places, readinto = set[int](), storage._Stored.readinto

    def noted(file: Any, buffer: Any) -> int:
        begun = file.tell()
        count = readinto(file, buffer)
        places.update((begun, begun + count))
        return count

    monkeypatch.setattr(storage._Stored, "readinto", noted)
    again(context, admin_user)
    assert (min(places), max(places)) == (0, examine.BEGINNING)
    assert len(whole) > examine.BEGINNING + storage.BUFFER_BYTES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_beginning_ends_behind_a_line(encoding: str, ends: str) -> None:
    text = ends.join(["sku,name", *(f"S-{number},Größe" for number in range(100)), ""])
    data = text.encode(encoding)
    for most in range(300, 312, 2):
        beginning = examine._beginning(io.BytesIO(data[:most])).getvalue()
        assert data.startswith(beginning)
        assert beginning.decode(encoding).endswith(ends[-1] if ends != "\r\n" else "\n")


def test_a_file_whose_letters_show_only_further_down_is_read_with_their_encoding_and_shown_again(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line(number) for number in range(1, 30)] + [line(30, product_name="Kürbis größer"), line(31)]
    whole = feed(*rows).encode("cp1252")
    monkeypatch.setattr(examine, "BEGINNING", 600)
    context = choose(vendor, admin_user, whole)
    assert context["preview"].encoding == "UTF-8"
    run_jobs()
    with pytest.raises(flow.NotYet, match="another encoding"):
        flow.confirm(Confirmation.from_post(of_columns(context)), admin_user)
    shown = flow.look_again(Confirmation.from_post(of_columns(context)), admin_user)
    assert shown["preview"].layout.encoding == "cp1252"
    run_jobs()
    upload = flow.confirm(Confirmation.from_post(of_columns(shown)), admin_user)
    assert upload.layout is not None
    assert upload.layout["encoding"] == "cp1252"


def test_the_command_line_looks_at_all_rows_itself(pipeline: Pipeline, vendor: Vendor) -> None:
    with pytest.raises(examine.Refused) as refused:
        receive.receive(io.BytesIO(export(*(PLAIN.format(n) for n in range(2_100)), HAT)), "x.csv", "VEND001")
    assert [json.loads(json.dumps(one.kind)) for one in refused.value.questions] == ["category_values"]
