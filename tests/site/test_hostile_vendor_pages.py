"""Hostile text on the vendors' own pages: shown as text that turns nothing around, searched without an error, and safe
in every file that is handed out.

One journey with such text wherever it can stand; then every address of uploads/vendor_urls.py. A page that is added
there is opened without a change here, one with a new argument once ARGUMENTS says what that can be.
"""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product as combined
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own

from catalog.models import Product, ProductCategory
from config.web import spreadsheet
from config.web.text import visible
from tests.companies import Address, patterns
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.remembering import remembering
from tests.site.hostile import CELLS, CHECKS, LONG, SCRIPT, STRANGE, TEMPLATE, Page, as_csv, harmless, page_of
from uploads.aws import dynamo
from uploads.models import Comment, Feed, Job, Source, SourceRun, UploadHistory, ValidationError
from vendors.models import ApiToken, Invitation, Vendor, VendorMember, Webhook, WebhookAttempt, WebhookDelivery

# Every page is asked for again and again, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

TEXTS = [*CELLS, *STRANGE]
TURNS = "a\u202eb\u2066c\u200bd\ufeffe\x07f"
HEADER = [
    "vendor_product_id", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity",
    f"=9+9 {SCRIPT} {TURNS}",
]  # fmt: skip
FILE_NAME = f"={TEMPLATE};=1+1<img src=x onerror=alert(4)>.csv"
ADDRESSES = [address for _, address in patterns()]
# Pages that look for what is typed or chosen in their address, and under which names.
ASKED = {
    "catalog": ("q", "category", "stock", "p"),
    "catalog_export": ("q", "category"),
    "find": ("q",),
    "history": ("since", "until", "p"),
    "messages": ("before",),
    "values": ("from", "fill"),
    "all_values": ("from", "fill"),
    "settled": ("after",),
    "error_rows": ("after", "fill"),
}


def category(number: int) -> str:
    return f"{TEXTS[number]} {number}"


def row(number: int, **changes: str) -> list[str]:
    """A valid row with this text in every field that takes it."""
    cells = dict.fromkeys(HEADER, TEXTS[number]) | {
        "category": category(number), "sku": f"-{number}", "price": "9.99", "stock_quantity": "5",
    }  # fmt: skip
    return list((cells | changes).values())


GOOD = [
    *(row(number) for number in range(len(TEXTS))),
    row(0, vendor_product_id="LONG", sku="LONG", description=LONG[1]),
]
BAD = [
    *(row(n, category=text, sku=text, price=text, stock_quantity=text) for n, text in enumerate(TEXTS)),
    *(row(0, vendor_product_id=text, product_name=text, sku="L", price=text) for text in LONG),
]
TORN = ["=1+1", f'{SCRIPT},"<b onclick=x>"', f"{TURNS},1"]  # rows that can't be read


class Journey:
    """VEND001 after it sent all of that, and its owner's browser."""

    def __init__(self, pipeline: Pipeline, client: Client) -> None:
        self.pipeline, self.client = pipeline, client
        names = {"vendor_name": f"{SCRIPT} {TURNS}", "business_name": TURNS, "address": TURNS, "city": "=1+1"}
        Vendor.objects.filter(pk="VEND001").update(**names)
        for number, text in enumerate(TEXTS):
            ProductCategory.objects.create(category_name=category(number), parent_category=text)
        people = [User.objects.create_user(f"{SCRIPT} {TURNS} {role}") for role in VendorMember.Role]
        self.members = [
            VendorMember.objects.create(vendor_id="VEND001", user=user, role=role)
            for user, role in zip(people, VendorMember.Role, strict=True)
        ]
        self.invitation = Invitation.objects.create(
            vendor_id="VEND001", email=f"{SCRIPT}{TURNS}@example.com", role="viewer", token_hash="0" * 64,
            expires_at=timezone.now() + timedelta(days=1), invited_by=people[1],
        )  # fmt: skip
        self.token = ApiToken.objects.create(
            vendor_id="VEND001", name=f"{SCRIPT} {TURNS}"[:80], hint="vpo_0000", token_hash="0" * 64,
            scopes=["feeds:read"], expires_at=timezone.now() + timedelta(days=1), created_by=people[1],
        )  # fmt: skip
        webhook = Webhook.objects.create(
            vendor_id="VEND001", url=f"https://evil.example/{SCRIPT}", description=f"{SCRIPT} {TURNS}"[:200],
            events=["feed.completed"], secret="", disabled_at=timezone.now(), disabled_reason=f"{SCRIPT}{TURNS}",
        )  # fmt: skip
        self.delivery = WebhookDelivery.objects.create(
            webhook=webhook, message_id="msg_1", event="feed.completed", body=f'{{"file_name":"{SCRIPT}{TURNS}"}}'
        )
        WebhookAttempt.objects.create(
            delivery=self.delivery, error=f"{SCRIPT}{TURNS}", answer=f"{SCRIPT}{TURNS}",
            request_headers={SCRIPT: f"{SCRIPT}{TURNS}"},
        )  # fmt: skip
        WebhookAttempt.objects.create(delivery=self.delivery, status=500, answer=f"{SCRIPT}{TURNS}")
        self.feed = Feed.objects.create(
            feed_id="UPLOAD_HELD", vendor_id="VEND001", file_name=f"{SCRIPT} {TURNS}", state="held", token=self.token,
            questions=[{"id": "x", "text": f"{SCRIPT} {TURNS}"}], key="sent/VEND001/x",
        )  # fmt: skip
        client.force_login(people[0])
        self.remembered = remembering([SCRIPT, TURNS], {"brand": SCRIPT}, file_name=f"{SCRIPT} {TURNS}")
        self.upload = self.sent(as_csv([HEADER, *GOOD, *BAD]) + "\r\n".join(TORN))
        foreign = [  # a record of another program, hostile down to its keys
            {"upload_id": {"S": f"{text} U"}, "record_id": {"S": f"{text} R"}, "vendor_id": {"S": "VEND001"},
             "product_data": {"M": {text: {"S": text}, "sku": {"S": text}}}} for text in (SCRIPT, TURNS)
        ]  # fmt: skip
        dynamo.put_records(foreign)
        pipeline.settle()
        UploadHistory.objects.filter(pk=f"{TURNS} U").update(failure_reason=f"{SCRIPT} {TURNS}", uploaded_by=people[1])
        ValidationError.objects.filter(upload_id=f"{SCRIPT} U").update(error_type=f"{SCRIPT}{TURNS}")
        UploadHistory.objects.filter(pk=self.upload.pk).update(
            layout=(self.upload.layout or {}) | {"sheet": f"{SCRIPT} {TURNS}"}
        )
        for text in TEXTS:
            ValidationError.objects.create(
                upload=self.upload, vendor_id="VEND001", row_number=1, line_number=2, severity="warning",
                error_type="looks_odd", field="price", error_message=text, suggestion=text, wrong_value=text[:200],
            )  # fmt: skip
        for about, text in combined([self.upload, None], TEXTS):
            Comment.objects.create(vendor_id="VEND001", upload=about, audience="vendor", by_vendor=True, body=text,
                                   author=people[1])  # fmt: skip
        self.run = SourceRun.objects.create(
            outcome="failed", code=SCRIPT, message=f"{SCRIPT} {TURNS}", source=Source.objects.create(
                vendor_id="VEND001", name=f"{SCRIPT} {TURNS}", url=f"https://{SCRIPT}{TURNS}", state="paused",
                auth="header", header_name=f"{SCRIPT}{TURNS}", state_reason=f"{SCRIPT} {TURNS}",
                host_key=f"{SCRIPT} AAAA", host_key_met=f"{TURNS} AAAB",
            ),
        )  # fmt: skip
        self.jobs = [
            Job.objects.create(kind=kind, vendor_id="VEND001", state="failed", failure=f"{SCRIPT} {TURNS}",
                               requested_by=people[0], parameters={}, result={"problems": {}})
            for kind in ("replay", "dry_run")
        ]  # fmt: skip

    def settle(self) -> None:
        """Some rows are ignored, some closed, and jobs tell of others."""
        problems = ValidationError.objects.errors().filter(upload=self.upload, resolved_at=None)
        rows = list(problems.order_by("row_number").values_list("record_id", flat=True).distinct())
        user = self.members[0].user
        for record_ids, resolution in ((rows[:2], "ignored"), (rows[2:4], "newer_upload")):
            settled = {"resolution": resolution, "resolved_at": timezone.now(), "resolved_by": user}
            other = f"{TURNS} U" if resolution == "newer_upload" else ""
            problems.filter(record_id__in=record_ids).update(**settled, closed_by=other)
        UploadHistory.objects.filter(pk=self.upload.pk).update(ignored_records=2, closed_records=2)
        examples = [
            {"row": 1, "in_file": "line 2", "sku": text, "fate": "kept", "why": text, "upload": self.upload.pk}
            for text in TEXTS
        ]
        for kind, upload in (("replay", self.upload), ("replay", None), ("undo", self.upload)):
            self.jobs.append(
                Job.objects.create(
                    kind=kind, vendor_id="VEND001", upload=upload, state="done",
                    parameters={"dry": True, "selection": {"field": "category"}},
                    result={"examples": examples, "error": 99, "why": {f"{SCRIPT}{TURNS}": 2}, "reversed": 1,
                            "back": [{"row": 1, "sku": text, "name": text, "to": {"brand": [text, text]}}
                                     for text in TEXTS]},
                )
            )  # fmt: skip

    def sent(self, text: str | bytes) -> UploadHistory:
        upload = self.pipeline.send(text, name=FILE_NAME, category_values="leave")
        self.pipeline.stage(upload)
        self.pipeline.settle()
        upload.refresh_from_db()
        return upload


@pytest.fixture
def journey(pipeline: Pipeline, client: Client) -> Journey:
    return Journey(pipeline, client)


# What an argument of an address can be.
ARGUMENTS: dict[str, Callable[[Journey], list[Any]]] = {
    "upload_id": lambda journey: [journey.upload.pk, f"{SCRIPT} U", f"{TURNS} U"],
    "code": lambda journey: list(
        ValidationError.objects.values_list("error_type", flat=True).order_by("error_type").distinct()
    ),
    "job_id": lambda journey: [job.pk for job in journey.jobs],
    "member_id": lambda journey: [member.pk for member in journey.members],
    "invitation_id": lambda journey: [journey.invitation.pk],
    "feed_id": lambda journey: [journey.feed.pk],
    "token_id": lambda journey: [journey.token.pk],
    "webhook_id": lambda journey: [journey.delivery.webhook_id],
    "delivery_id": lambda journey: [journey.delivery.pk],
    "format": lambda journey: list(CHECKS),
    "field": lambda journey: ["category", "sku", "price", "nonsense"],
    "state": lambda journey: ["ignored", "closed"],
    "source_id": lambda journey: [journey.run.source_id],
    "run_id": lambda journey: [journey.run.pk],
    "remembered_id": lambda journey: [journey.remembered.pk],
}


def every(address: Address, journey: Journey) -> Iterator[str]:
    """The address with each of what its arguments can be."""
    for values in combined(*(ARGUMENTS[name](journey) for name in address.arguments)):
        own = dict(zip(address.arguments, values, strict=True))
        url = reverse(f"vendor:{address.name}", kwargs={"vendor_id": "VEND001", **own})
        yield url


def opened(client: Client, url: str) -> Page | None:
    """The page, if it is one, after a look for what came alive in it."""
    response = client.get(url)
    return None if response.status_code == 404 else page_of(response, url)


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: str(address.name))
def test_every_argument_of_an_address_can_be_given(address: Address) -> None:
    unknown = [name for name in address.arguments if name not in ARGUMENTS]
    assert unknown == [], "Say in ARGUMENTS what it can be"


def test_every_page_shows_what_came_as_text_that_hides_and_turns_around_nothing(journey: Journey) -> None:
    journey.settle()
    seen, without = "", set()
    unseen: dict[tuple[str, str], str] = {}
    for address in ADDRESSES:
        pages = [page for url in every(address, journey) if (page := opened(journey.client, url))]
        seen += "".join(page.text for page in pages)
        unseen |= {(address.name, text.strip()): "" for page in pages for text in page.unseen}
        without |= set() if any(SCRIPT in page.text for page in pages) else {address.name}
    assert list(unseen) == []
    assert [text for text in TEXTS if visible(text.strip()) not in seen] == []
    # Downloads, and what only leads on.
    assert without == {
        "template_csv", "template_xlsx", "file", "catalog_export", "failed_rows", "preview", "confirm",
        "correct_rows", "retry_rows", "ignore_rows", "take_back", "notify", "release", "cancel", "forget",
        "act_on_source", "warned_file",
    }  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_whatever_is_searched_for_or_chosen_is_answered_without_an_error(journey: Journey, name: str) -> None:
    address = next(one for one in ADDRESSES if one.name == name)
    url = next(every(address, journey)).partition("?")[0]
    for text in [*TEXTS, *LONG, "\0", "a\0b", "-", "(", '"', "99999999999999999999", "9" * 400 + "-REC"]:
        first, *others = ASKED[name]
        for asked in ([first], others):
            response = journey.client.get(url, dict.fromkeys(asked, text))
            right = {200, 302, 404} if name in ("values", "all_values", "error_rows") else {200}
            assert response.status_code in right, (asked, text)
            page = page_of(response, url) if response.status_code == 200 else None
            assert page is None or page.unseen == [], (asked, text)


def test_what_is_searched_for_is_found(journey: Journey) -> None:
    """By product ID, whatever that looks like."""
    address = reverse("vendor:find", args=["VEND001"])
    for number, text in enumerate(TEXTS):
        found = journey.client.get(address, {"q": text.strip()}).context["found"]
        assert f"-{number}" in [product.sku for product in found.products], text


def test_whatever_is_typed_into_a_form_is_answered_without_an_error(journey: Journey) -> None:
    """Into every field that the pages have, and into those that they only pass on."""
    passed_on = {
        "token",
        "shape",
        "seen",
        "mode",
        "column-0",
        "encoding",
        "after",
        "0-price",
        "right",
        "value",
        "role",
        "body",
    }
    for address, text in combined(ADDRESSES, [TURNS, SCRIPT, "a\0b", LONG[1]]):
        url = next(every(address, journey)).partition("?")[0]
        form = (journey.client.get(url).context or {}).get("form")
        names = passed_on | set(getattr(form, "fields", ()))
        response = journey.client.post(url, {**dict.fromkeys(names, text), "field": "price"}, follow=True)
        assert response.status_code in (200, 404, 405), (url, text)
        if response.status_code == 200:
            harmless(response, url)


def test_the_preview_of_a_hostile_file_shows_it_as_text(journey: Journey) -> None:
    address, seen = reverse("vendor:choose", args=["VEND001"]), ""
    for start in range(0, len(GOOD + BAD), 20):  # so many rows does a preview show
        content = as_csv([HEADER, *(GOOD + BAD)[start : start + 20]]) + TORN[1]
        response = journey.client.post(address, {"file": SimpleUploadedFile(FILE_NAME, content.encode())})
        page = page_of(response, "preview")
        assert page
        assert page.unseen == []
        seen += page.text
        job = Job.objects.latest("pk")
        run_jobs(job)
        trial = opened(journey.client, reverse("vendor:dry_run", args=["VEND001", job.pk]))
        assert trial
        assert trial.unseen == []
    assert [text for text in TEXTS if visible(text.strip()) not in seen] == []


# --- files that we hand out ------------------------------------------------------------------------------------


def content_of(client: Client, url: str) -> bytes:
    response: Any = client.get(url)
    assert response.headers["Content-Disposition"].startswith("attachment"), url
    assert "\n" not in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def of_upload(name: str, upload: UploadHistory, *more: str) -> str:
    return reverse(f"vendor:{name}", args=["VEND001", upload.pk, *more])


def products() -> list[Any]:
    return list(Product.objects.order_by("pk").values())


@pytest.mark.parametrize("format", CHECKS)
def test_an_export_of_the_catalog_is_safe_and_comes_back_unchanged(journey: Journey, format: str) -> None:
    content = content_of(journey.client, reverse("vendor:catalog_export", args=["VEND001", format]))
    assert CHECKS[format](content) == []
    before = products()
    again = journey.sent(content)
    assert (again.unchanged_records, again.total_records) == (len(GOOD), len(GOOD))
    assert products() == before


@pytest.mark.usefixtures("unguarded")  # all of it is wrong
@pytest.mark.parametrize("format", CHECKS)
def test_failed_rows_are_safe_to_open_and_come_back_as_they_were(journey: Journey, format: str) -> None:
    content = content_of(journey.client, of_upload("failed_rows", journey.upload, format))
    assert CHECKS[format](content) == []
    again = journey.sent(content)
    assert [cells_of(error) for error in rows_of(again)][: len(BAD)] == BAD


def rows_of(upload: UploadHistory) -> list[ValidationError]:
    """The first error of each row."""
    errors = ValidationError.objects.errors().filter(upload=upload).order_by("row_number", "error_id")
    return list({error.row_number: error for error in reversed(errors)}.values())[::-1]


def cells_of(error: ValidationError) -> list[str]:
    """In the order of the file; the name of its last column came back as it was handed out."""
    data = error.original_data or {}
    return [data.get(header, data.get(spreadsheet.guard(header), "")) for header in HEADER]


def test_the_other_files_are_safe_too(journey: Journey) -> None:
    for name in ("template_csv", "template_xlsx"):
        content = content_of(journey.client, reverse(f"vendor:{name}", args=["VEND001"]))
        assert CHECKS[name.removeprefix("template_")](content) == []
    original = content_of(journey.client, of_upload("file", journey.upload)).decode()
    assert original == as_csv([HEADER, *GOOD, *BAD]) + "\r\n".join(TORN)


def test_what_excel_shows_of_a_control_character_is_no_other_text(journey: Journey) -> None:
    """XML has no such characters: they stand as Excel itself writes them, and so does text that looks like that."""
    content = content_of(journey.client, reverse("vendor:catalog_export", args=["VEND001", "xlsx"]))
    texts = {cell for row in load_workbook(io.BytesIO(content)).active.values for cell in row}
    assert "bell_x0007_ and _x001B_[31mred" in texts
    assert "_x005F_x0001_ and _x005F_x005F_" in texts
