"""Two companies with everything a vendor can have, and what their addresses are made of: for site/test_isolation.py.

A new argument in an address of the vendors' pages needs a line in IDS, or in PLAIN if it names nothing that belongs to
anybody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.core import signing
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django.utils.http import urlencode

from catalog.models import Product, ProductChange
from security import at_rest
from tests.remembering import remembering
from uploads.models import (
    Comment,
    Correction,
    Feed,
    Job,
    RecordOutcome,
    RememberedReading,
    Source,
    SourceRun,
    UploadHistory,
    ValidationError,
    ValueRule,
)
from uploads.portal import urls
from uploads.preview import kept_files
from vendors.access import RANKS
from vendors.models import ApiToken, Invitation, Vendor, VendorMember, Webhook, WebhookAttempt, WebhookDelivery
from vendors.tokens import texts
from vendors.webhooks import sign


@dataclass(frozen=True)
class Company:
    """One vendor. `word` is in every text of it, so what shows it shows something of this vendor."""

    word: str
    vendor: Vendor
    upload: UploadHistory
    error: ValidationError
    outcome: RecordOutcome
    product: Product
    change: ProductChange
    correction: Correction
    job: Job
    dry_run: Job
    undo: Job
    value_rule: ValueRule
    remembered: RememberedReading
    members: dict[str, VendorMember]
    invitation: Invitation
    token: ApiToken
    feed: Feed
    token_text: str
    webhook: Webhook
    delivery: WebhookDelivery
    comments: list[Comment]
    run: SourceRun


# What an argument of an address stands for, with this company's own.
IDS: dict[str, Callable[[Company], Any]] = {
    "vendor_id": lambda company: company.vendor.pk,
    "upload_id": lambda company: company.upload.pk,
    "error_id": lambda company: company.error.pk,
    "record_id": lambda company: company.error.record_id,
    "product_id": lambda company: company.product.pk,
    "vendor_product_id": lambda company: company.product.vendor_product_id,
    "sku": lambda company: company.product.sku,
    "correction_id": lambda company: company.correction.pk,
    "job_id": lambda company: company.job.pk,
    "value_rule_id": lambda company: company.value_rule.pk,
    "remembered_id": lambda company: company.remembered.pk,
    "member_id": lambda company: company.members["viewer"].pk,
    "invitation_id": lambda company: company.invitation.pk,
    "feed_id": lambda company: company.feed.pk,
    "token_id": lambda company: company.token.pk,
    "source_id": lambda company: company.run.source_id,
    "run_id": lambda company: company.run.pk,
    "webhook_id": lambda company: company.webhook.pk,
    "delivery_id": lambda company: company.delivery.pk,
    "token": lambda company: signing.dumps(
        [company.members["owner"].user_id, company.upload.storage_key, "feed.csv", company.vendor.pk],
        salt=kept_files.SALT,
    ),
}
# Arguments that name nothing of anybody's, with a value for each.
PLAIN: dict[str, Any] = {
    "error_type": "invalid_price",
    "field": "price",
    "code": "invalid_price",
    "kind": "replay",
    "format": "csv",
    "state": "ignored",
}
# Where an argument stands for another thing than elsewhere, and what a page has to be asked to be there at all.
PARTICULAR: dict[str, dict[str, Callable[[Company], Any]]] = {
    "dry_run": {"job_id": lambda company: company.dry_run.pk},
    "undoing": {"job_id": lambda company: company.undo.pk},
    "undoing_progress": {"job_id": lambda company: company.undo.pk},
}
# What only the person sees who asked for it.
PERSONAL = {"dry_run"}
QUERIES: dict[str, Callable[[Company], dict[str, str]]] = {}


@dataclass(frozen=True)
class Address:
    """One address of the vendors' pages: its name, and its arguments after the vendor's ID."""

    name: str
    arguments: tuple[str, ...]

    def of(self, company: Company, **instead: Any) -> str:
        """The address with the company's own IDs, but for those given."""
        names = ("vendor_id", *self.arguments)
        own = {name: PLAIN[name] if name in PLAIN else self.id_of(name, company) for name in names}
        query = QUERIES[self.name](company) if self.name in QUERIES else {}
        return reverse(f"vendor:{self.name}", kwargs=own | instead) + (f"?{urlencode(query)}" if query else "")

    def id_of(self, name: str, company: Company) -> Any:
        """What the company has for this argument."""
        return (IDS | PARTICULAR.get(self.name, {}))[name](company)

    @property
    def ids(self) -> list[str]:
        """The arguments that belong to somebody."""
        return [name for name in self.arguments if name in IDS]


def patterns(found: Any = urls.urlpatterns, before: tuple[str, ...] = ()) -> Iterator[tuple[URLPattern, Address]]:
    """Every address of the vendors' pages, those in included modules too."""
    for one in found:
        own = (*before, *(one.pattern.converters or one.pattern.regex.groupindex))
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, own)
        else:
            yield one, Address(one.name or "", own)


def role_of(pattern: URLPattern) -> int:
    """The rank that the address asks for."""
    return RANKS[getattr(pattern.callback, "vendor_role")]  # noqa: B009 - set by vendor_page, unknown to mypy


def open_company(vendor: Vendor, word: str, n: int) -> Company:
    """Fill the vendor with one of everything; `n` keeps the two apart where IDs are typed by hand."""
    Vendor.objects.filter(pk=vendor.pk).update(vendor_name=f"{word} Ltd", email=f"{word}@example.com", city=word)
    vendor.refresh_from_db()
    upload = UploadHistory.objects.create(
        upload_id=f"UPLOAD_20260101_00000{n}_aaaaa{n}", vendor=vendor, file_name=f"{word}.csv", status="completed",
        total_records=2, valid_records=1, error_records=1, file_rows=2, storage_key=f"feeds/{vendor.pk}/{word}.csv",
        error_report_key=f"reports/{vendor.pk}/{word}.csv", sha256=str(n) * 64, layout=None,
    )  # fmt: skip
    record_id = f"REC_000000{n}"
    product = Product.objects.create(
        vendor=vendor, vendor_product_id=f"P-{n}", product_name=f"{word} lamp", sku=f"SKU-{n}", category="Electronics",
        brand=word, description=word, price=1, stock_quantity=n,
    )  # fmt: skip
    token_text = texts.new()
    webhook = Webhook.objects.create(
        vendor=vendor, url=f"https://{word}.example/told", description=word, events=Webhook.Event.values,
        secret=at_rest.encrypt(sign.new_secret()),
    )  # fmt: skip
    delivery = WebhookDelivery.objects.create(
        webhook=webhook, message_id=f"msg_{word}"[:64], event="feed.completed", body=f'{{"type":"{word}"}}',
        state="failed", next_try_at=None,
    )  # fmt: skip
    WebhookAttempt.objects.create(delivery=delivery, status=500, answer=word, request_headers={"webhook-id": word})
    return Company(
        word=word,
        vendor=vendor,
        upload=upload,
        error=ValidationError.objects.create(
            upload=upload, vendor=vendor, row_number=n, error_type="invalid_price", field="price",
            error_message=f"{word} is no price", suggestion=word, record_id=record_id, wrong_value=word,
            original_data={"sku": f"SKU-{n}", "product_name": word, "price": word},
        ),
        outcome=RecordOutcome.objects.create(
            upload_id=upload.pk, upload_sequence=upload.sequence, record_id=record_id, vendor_id=vendor.pk,
            row_number=n, outcome="error", error_reason=word,
        ),
        product=product,
        change=ProductChange.objects.create(product_id=product.pk, kind="edited", changes={"brand": ["", word]}),
        correction=Correction.objects.create(
            upload=upload, record_id=record_id, attempt=1, row_number=n, changes={"brand": ["", word]}
        ),
        job=Job.objects.create(
            kind="replay", upload=upload, vendor=vendor, state="done", failure=word,
            parameters={"selection": {"field": "price"}}, result={"examples": [{"row": n, "sku": word, "why": word}]},
        ),
        dry_run=Job.objects.create(kind="dry_run", vendor=vendor, state="done", result={}, parameters={}),
        undo=Job.objects.create(
            kind="undo", upload=upload, vendor=vendor, state="done", parameters={"dry": True},
            result={"reversed": 1, "kept": 1, "examples": [{"row": n, "sku": word, "fate": "kept", "why": word}]},
        ),
        value_rule=ValueRule.objects.create(vendor=vendor, field="brand", wrong_value=word, right_value=word),
        remembered=remembering([word], {"brand": word}, vendor.pk, f"{word}.csv"),
        members={role: _member(vendor, f"{role}-{word}", role) for role in VendorMember.Role.values},
        invitation=Invitation.objects.create(
            vendor=vendor, email=f"new@{word}.example", role="viewer", token_hash=str(n) * 64,
            expires_at=timezone.now() + timedelta(days=1),
        ),
        token=ApiToken.objects.create(
            vendor=vendor, name=word[:80], token_hash=texts.hashed(token_text), hint=texts.hint(token_text),
            scopes=ApiToken.Scope.values, expires_at=timezone.now() + timedelta(days=1),
        ),
        token_text=token_text,
        feed=Feed.objects.create(
            feed_id=f"UPLOAD_20260101_10000{n}_bbbbb{n}", vendor=vendor, file_name=f"{word}.csv", state="held",
            questions=[{"id": "price_from", "text": word}], key=f"sent/{vendor.pk}/{word}", failure_reason=word,
        ),
        webhook=webhook,
        delivery=delivery,
        comments=[
            Comment.objects.create(vendor=vendor, upload=about, audience="vendor", by_vendor=by_vendor, body=word)
            for about in (upload, None) for by_vendor in (False, True)
        ],
        run=SourceRun.objects.create(
            outcome="failed", code=word[:50], message=word, source=Source.objects.create(
                vendor=vendor, name=word[:80], url=f"https://{word}.example/feed.csv", user_name=word, secret=word,
                state_reason=word,
            ),
        ),
    )  # fmt: skip


def _member(vendor: Vendor, name: str, role: str) -> VendorMember:
    user = User.objects.create_user(name, f"{name}@example.com")
    return VendorMember.objects.create(vendor=vendor, user=user, role=role)


def everything_of(company: Company) -> dict[str, list[Any]]:
    """All rows of the company, to see whether anything was done to it."""
    rows: dict[str, list[Any]] = {"vendors": list(Vendor.objects.filter(pk=company.vendor.pk).values())}
    for label in ("vendors", "catalog", "uploads"):
        for model in apps.get_app_config(label).get_models():
            names = {field.name for field in model._meta.get_fields()}
            if not model._meta.managed or not names & {"vendor", "vendor_id", "upload"} or model is Vendor:
                continue
            mine = {"vendor_id": company.vendor.pk} if names & {"vendor", "vendor_id"} else {"upload": company.upload}
            rows[model._meta.db_table] = list(model._default_manager.filter(**mine).order_by("pk").values())
    rows["jobs"] += list(Job.objects.filter(upload=company.upload).order_by("pk").values())
    return rows
