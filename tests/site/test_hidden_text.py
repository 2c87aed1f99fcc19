"""Text that hides what it is, or turns around what stands beside it, is spelled out on every page of the admin.

Each table gets rows with such text wherever it takes text, keys included: other programs choose the keys of uploads and
records. Then every page that the registry knows is opened. A table that is added fails here until it has rows.
"""

import sys
import unicodedata
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, ProductCatalog, ProductCategory
from config.web.text import HIDDEN, visible, visible_page
from security.models import SecurityEvent
from tests.site.hostile import STRANGE, page_of
from tests.site.test_hostile_cells import PARTICULAR
from uploads.models import (
    Correction,
    GuardThreshold,
    Job,
    RecentUpload,
    RecordOutcome,
    RememberedReading,
    SeverityRule,
    Source,
    SourceRun,
    StreamShard,
    UploadHistory,
    ValidationError,
    ValueRule,
    VendorSummary,
)
from vendors.models import ApiToken, Vendor, VendorMember, Webhook, WebhookAttempt, WebhookDelivery

# One line each, as keys are, and with what turns text around at its end.
ALONE = [text for text in STRANGE if visible(text) != text]
# All that hides or turns, at once: of each kind of object one is opened that has it, where lists show every one.
AT_ONCE = "".join(sorted({char for text in ALONE for char in text if visible(f"a{char}b") != f"a{char}b"}))
HIDING = [*ALONE, AT_ONCE]
PREPARED = (
    Vendor, ProductCategory, Product, ProductCatalog, UploadHistory, RecentUpload, VendorSummary, ValidationError,
    RecordOutcome, StreamShard, Job, Correction, RememberedReading, ValueRule, SeverityRule, GuardThreshold,
    Source, SecurityEvent, User, Group,
    Authenticator, ApiToken, Webhook,
)  # fmt: skip


def fill() -> None:
    for n, text in enumerate(HIDING):
        vendor = Vendor.objects.create(vendor_id=text, vendor_name=text, email=f"{n}@example.com", city=text)
        ProductCategory.objects.create(category_name=text, parent_category=text)
        product = Product.objects.create(
            vendor=vendor, vendor_product_id=text, product_name=text, sku=f"S-{n}", category=text, brand=text,
            description=text, price=1, stock_quantity=1,
        )  # fmt: skip
        counts = {"total_records": 1, "valid_records": 0, "error_records": 1}
        upload = UploadHistory.objects.create(upload_id=f"{text} U", vendor=vendor, file_name=text, **counts)
        ValidationError.objects.create(
            upload=upload, vendor=vendor, row_number=n, error_type="invalid_price", field="price", error_message=text,
            suggestion=text, record_id=text, wrong_value=text, original_data={text: text},
        )  # fmt: skip
        RecordOutcome.objects.create(
            upload_id=upload.pk, upload_sequence=upload.sequence if n % 2 else None, record_id=text, vendor_id=text,
            row_number=n, outcome="error", error_reason=text, product_id=product.pk, write_back_failure=text,
        )  # fmt: skip
        StreamShard.objects.create(shard_id=text, stream_arn=text, lease_owner=text[:100], gap_reason=text)
        Job.objects.create(kind="replay", upload=upload, vendor=vendor, state="failed", failure=text)
        Correction.objects.create(upload=upload, record_id=text, attempt=1, row_number=n, changes={text: [text, text]})
        RememberedReading.objects.create(
            vendor=vendor, fingerprint=str(n), headers=[text], columns={"brand": text}, answers={"encoding": text},
            file_name=text,
        )  # fmt: skip
        ValueRule.objects.create(vendor=vendor, field="brand", wrong_value=text, right_value=text)
        SeverityRule.objects.create(code="cleaned", vendor=vendor, severity="error", category=text[:100], note=text)
        GuardThreshold.objects.create(kind="errors", vendor=vendor, limit_percent=5, owner_percent=9, minimum=n)
        ApiToken.objects.create(
            vendor=vendor, name=text[:80], hint=f"vpo_{n}", token_hash=str(n), scopes=[], expires_at=timezone.now()
        )
        source = Source.objects.create(
            vendor=vendor, name=text[:80], url=text, user_name=text[:200], header_name=text[:100], state="disabled",
            state_reason=text[:300],
        )  # fmt: skip
        SourceRun.objects.create(source=source, outcome="failed", code=text[:50], message=text)
        told = Webhook.objects.create(vendor=vendor, url=f"https://a.example/{text}", description=text[:200], events=[])
        sent = WebhookDelivery.objects.create(pk=told.pk, webhook=told, message_id="m", event="test", body=text)
        WebhookAttempt.objects.create(delivery=sent, answer=text, error=text[:300], request_headers={text: text})
        user = User.objects.create(username=f"u{n}{text}"[:150], first_name=text, last_name=text, email=f"{text}@x.y")
        VendorMember.objects.create(vendor=vendor, user=user)
        Group.objects.create(name=text)
        Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
        SecurityEvent.objects.create(what="exported", login=text, vendor_id=text, about=text, detail=text, agent=text)
        LogEntry.objects.log_actions(user.pk, [vendor], CHANGE, text, single_object=True)


@pytest.fixture
def filled(transactional_db: None, table: str) -> None:
    fill()


def _addresses(model: type[models.Model], model_admin: Any) -> list[str]:
    """Of lists, forms and exports; where they are of one object, of that with AT_ONCE, or with what else there is."""
    rows = list(model._default_manager.all())
    keys = [row.pk for row in rows if AT_ONCE in vars(row).values()] or [row.pk for row in rows]
    found = []
    for pattern in model_admin.get_urls():
        wanted = list(pattern.pattern.converters)
        if not pattern.name or pattern.name in PARTICULAR or pattern.name.endswith(("_file", "_report")):
            continue
        arguments = [dict.fromkeys(wanted, admin.utils.quote(key)) for key in keys] if wanted else [{}]
        found += [reverse(f"admin:{pattern.name}", kwargs=one) for one in arguments]
    return found


def test_on_no_page_of_the_admin_does_a_text_hide(filled: None, admin_client: Client) -> None:
    admin_client.get("/admin/")
    hidden: dict[str, list[str]] = {}
    for model, model_admin in admin.site._registry.items():
        assert model in PREPARED, f"{model.__name__}: give it rows in fill()"
        seen = ""
        for address in _addresses(model, model_admin):
            page = page_of(admin_client.get(address), address)
            if page:
                seen += page.text
                hidden |= {address: page.unseen} if page.unseen else {}
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        keys = list(model._default_manager.values_list("pk", flat=True))
        page = page_of(admin_client.post(listed, {"action": "delete_selected", "_selected_action": keys}), listed)
        hidden |= {f"{listed} delete": page.unseen} if page and page.unseen else {}
        assert "⟨U+202E⟩" in seen or model is Authenticator, f"{model.__name__}: its pages show no text of fill()"
    assert hidden == {}


def test_the_pages_of_the_site_too(filled: None, admin_client: Client, admin_user: User) -> None:
    entries = [LogEntry(user=admin_user, object_repr=text, action_flag=CHANGE) for text in HIDING]
    LogEntry.objects.bulk_create(entries)
    found = [f"/admin/find/?{urlencode({'q': text})}" for text in HIDING]
    for address in (
        "/admin/",
        "/admin/uploads/",
        "/admin/figures/",
        "/admin/figures/live/",
        "/admin/?tab=done",
        *found,
    ):
        page = page_of(admin_client.get(address), address)
        assert page
        assert page.unseen == [], address
    for key in UploadHistory.objects.values_list("pk", flat=True):
        address = reverse("admin:uploads_uploadhistory_records", args=[admin.utils.quote(key)])
        page = page_of(admin_client.get(address), address)
        assert page is None or page.unseen == [], address


@pytest.mark.django_db
def test_what_a_form_suggests_hides_nothing_either(admin_client: Client) -> None:
    Vendor.objects.create(vendor_id="V1\u202e", vendor_name="inv\u202egnp.exe", email="v@example.com")
    query = {"app_label": "catalog", "model_name": "product", "field_name": "vendor", "term": "gnp"}
    [found] = admin_client.get("/admin/autocomplete/", query).json()["results"]
    assert found == {"id": "V1\u202e", "text": "V1⟨U+202E⟩ inv⟨U+202E⟩gnp.exe"}, "the key goes back as it came"


@pytest.mark.django_db
def test_what_is_edited_goes_back_as_it_came(admin_client: Client) -> None:
    text = "inv\u202egnp.exe"
    Vendor.objects.create(vendor_id="V1", vendor_name=text, email="v@example.com", address=text)
    html = admin_client.get(reverse("admin:vendors_vendor_change", args=["V1"])).content.decode()
    assert f'value="{text}"' in html
    assert f">\n{text}</textarea>" in html
    assert f"<h1>{visible(text)}</h1>" in html


def test_all_that_unicode_says_hides_is_spelled_out() -> None:
    hiding = {chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in ("Cc", "Cf")}
    assert {char for char in hiding if not HIDDEN.match(char)} == {"\t", "\n", "\r"}


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>a\u202eb</p>", "<p>a⟨U+202E⟩b</p>"),
        ('<a title="\u202e" href="/x\u202e">\x1b</a>', '<a title="\u202e" href="/x\u202e">⟨U+001B⟩</a>'),
        ("<textarea>\u202e</textarea>\u202e", "<textarea>\u202e</textarea>⟨U+202E⟩"),
        ("<TEXTAREA name=x>\u202e<b></TEXTAREA>", "<TEXTAREA name=x>\u202e<b></TEXTAREA>"),
        ("<script>'\u202e'</script>", "<script>'\u202e'</script>"),
        ("<!-- \u202e --><p>👨\u200d👩</p>", "<!-- \u202e --><p>👨\u200d👩</p>"),
        ("<textareas>\u202e</textareas>", "<textareas>⟨U+202E⟩</textareas>"),
        ("no tag \u202e < and \u202e", "no tag ⟨U+202E⟩ < and ⟨U+202E⟩"),
    ],
)
def test_tags_and_what_is_edited_stay_as_they_are(html: str, shown: str) -> None:
    assert visible_page(html) == shown
