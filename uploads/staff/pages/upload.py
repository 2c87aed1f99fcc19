"""What the page of one upload shows: what became of it, its problems with the way to mend them, its actions.

Everything on it leads only where the person who looks at it may go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from catalog.rules.fields import LABELS, READ
from catalog.rules.problems import label_of
from config.web.links import keeping, list_url, page_url
from config.web.text import visible
from uploads.corrections import failed_rows, wrong_values
from uploads.feed.parser import DELIMITERS, Layout, encoding_name
from uploads.insight import progress, reading, warned_rows
from uploads.insight.progress import Progress
from uploads.insight.warned_rows import Look
from uploads.models import Feed, UploadHistory, results
from uploads.pipeline.guard import hold
from uploads.programs import feeds
from uploads.staff import mending
from uploads.staff.actions import Action, may, offered
from uploads.staff.everywhere.one import KEEP_A_RULE
from uploads.staff.pages import history, work

# The actions that stand beside the title; the others are in the menu there.
MAIN = ("release", "cancel", "retry")


@dataclass(frozen=True)
class Share:
    """How many rows had one fate: a piece of the bar from `x` on, `width` wide, of 100; and where these rows are."""

    name: str
    key: str
    count: int
    url: str
    x: str
    width: str


def shares(upload: UploadHistory, may_see_errors: bool, may_see_ledger: bool) -> list[Share]:
    """What became of the rows, in the order of the bar; what no row met is left out."""
    errors = {"upload": upload.pk}
    of_file = {"in_file": "yes"} if upload.absent_records else {}

    def ledger(outcome: str) -> str:
        return (
            list_url("uploads_recordoutcome", upload=upload.pk, outcome__exact=outcome, **of_file)
            if may_see_ledger
            else ""
        )

    def problems(state: str) -> str:
        return list_url("uploads_validationerror", **errors, state=state) if may_see_errors else ""

    left_out = "Left out" if results.leaves_out(upload) else "Left alone"
    known = [
        ("New", "new", upload.inserted_records, ledger("inserted")),
        ("Updated", "updated", upload.updated_records, ledger("updated")),
        ("Retired", "retired", upload.retired_records, ledger("retired")),
        ("Unchanged", "unchanged", upload.unchanged_records, ledger("unchanged")),
        ("Changed by a newer upload", "newer", upload.superseded_records, ledger("superseded")),
        (left_out, "left", upload.skipped_records, ledger("skipped")),
        ("Need you", "open", upload.open_records, problems("open")),
        ("Ignored", "ignored", upload.ignored_records, problems("ignored")),
        ("Settled since", "settled", upload.closed_records, problems("closed")),
        ("Never checked" if upload.status != "processing" else "On their way", "way", progress.not_checked(upload), ""),
    ]
    whole = sum(count for _, _, count, _ in known) or 1
    found, x = [], 0.0
    for name, key, count, url in known:
        if count:
            found.append(Share(name, key, count, url, f"{x:.3f}", f"{100 * count / whole:.3f}"))
            x += 100 * count / whole
    return found


def changing(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    """The part that changes while the upload is on its way, and when rows of it were mended."""
    may_see_errors = request.user.has_perm("uploads.view_validationerror")
    may_correct = may(request, "retry") and may_see_errors
    state = progress.of(upload.pk, most=progress.COUNTED)
    upload, percent = state.upload, progress.percent(state.upload)
    open_errors = {"upload": upload.pk, "state": "open"}
    return {
        "progress": state,
        "upload": upload,
        "percent": percent,
        "refused": results.absent_refused(upload),
        "absent": _absent(upload),
        "absent_url": list_url("uploads_recordoutcome", upload=upload.pk, in_file="no")
        if upload.absent_records and request.user.has_perm("uploads.view_recordoutcome") else "",
        "every": work.every(upload.created_at),
        "announcement": state.sentence if state.ended else progress.each_quarter(percent),
        "shares": shares(upload, may_see_errors, request.user.has_perm("uploads.view_recordoutcome")),
        "kinds": _kinds(state, may_see_errors, may_correct),
        "warnings": _warnings(state, may_see_errors),
        "findings": hold.findings_of(upload),
        "newer": hold.newer_than(upload) if upload.status == UploadHistory.Status.HELD else 0,
        "warnings_url": list_url("uploads_validationerror", **open_errors, severity="warning"),
        "errors_url": list_url("uploads_validationerror", **open_errors) if may_see_errors else "",
        "may_correct": may_correct,
        **(_forms(request, upload) if may_correct and state.ended and state.errors else {}),
        **(_elsewhere(upload) if may_see_errors and state.ended and not upload.open_records else {}),
        **actions(request, upload),
    }  # fmt: skip


def _absent(upload: UploadHistory) -> str:
    """What became of products that a whole catalog lacks; "" where it is none."""
    if upload.absent_state in (UploadHistory.AbsentState.NONE, UploadHistory.AbsentState.REFUSED):
        return ""
    if said := results.absent_words(upload):
        return said
    lacks_none = upload.absent_state == UploadHistory.AbsentState.DONE
    return (
        "As a whole catalog, it lacks no product." if lacks_none else "What it lacks is looked at after its last row."
    )


def _kinds(state: Progress, may_see: bool, may_correct: bool) -> list[tuple[Any, str, str, str]]:
    """Each kind of error with its name, where its rows are listed, and where they are mended."""
    return [
        (
            kind,
            label_of(kind.code),
            list_url("uploads_validationerror", upload=state.upload.pk, state="open", error_type=kind.code)
            if may_see else "",
            mending.rows_url(state.upload.pk, kind.code) if may_correct and state.ended else "",
        )
        for kind in state.errors
    ]  # fmt: skip


def _warnings(state: Progress, may_see: bool) -> list[tuple[Look, str]]:
    """The kinds of warnings, each with where its rows are listed."""
    filters = {"upload": state.upload.pk, "state": "open", "severity": "warning"}
    return [
        (look, list_url("uploads_validationerror", **filters, error_type=look.kind.code) if may_see else "")
        for look in warned_rows.looks(state.warnings, state.upload.total_records)
    ]


def _forms(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    """A form for the first wrong values of each field, to be mended on the spot; the field with most rows first."""
    why_not = failed_rows.why_none(upload) or failed_rows.why_no_retry(upload.vendor, upload.vendor_id)
    return {
        "why_not": why_not,
        "may_keep": request.user.has_perms(KEEP_A_RULE),
        "rows_url": mending.rows_url(upload.pk, "missing_value"),
        "forms": [
            wrong_values.form_of(found)
            | {"url": mending.values_url(found.field, upload=upload.pk), "prefix": f"{found.field}-"}
            for found in sorted(wrong_values.first_of_each([upload.pk]), key=lambda one: -one.rows)
        ],
    }


def _elsewhere(upload: UploadHistory) -> dict[str, Any]:
    """How many rows of the vendor's other uploads wait, where none of this one does."""
    rows = wrong_values.rows_waiting([upload.vendor_id]).get(upload.vendor_id, 0)
    return {"rows_elsewhere": rows, "waiting_url": mending.waiting_url(upload.vendor_id)}


# --- what can be done --------------------------------------------------------------------------------------------


def actions(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    """The buttons beside the title, and what is in their menu: name and address of each."""
    may_do = offered(request, upload)
    main = [_button(request, upload, action) for action in may_do if action.name in MAIN]
    lesser = [_button(request, upload, action) for action in may_do if action.name not in MAIN]
    if request.user.has_perm("uploads.add_uploadhistory") and upload.status not in UploadHistory.NOT_ENDED:
        words = "Send a corrected file" if upload.open_records or upload.status == "failed" else "Send another file"
        (main if upload.status == "failed" else lesser).insert(0, (words, import_url(upload.vendor_id)))
    return {"main_actions": main, "lesser_actions": [*lesser, *_downloads(request, upload)]}


def _button(request: HttpRequest, upload: UploadHistory, action: Action) -> tuple[str, str]:
    url = reverse(f"admin:uploads_uploadhistory_{action.name}", args=[_key(upload)])
    return f"{action.label[0].upper()}{action.label[1:]}", keeping(request, url)


def _downloads(request: HttpRequest, upload: UploadHistory) -> list[tuple[str, str]]:
    """Its file, while there is one, and the rows that failed, while there are any."""
    if not request.user.has_perm("uploads.download_uploadhistory"):
        return []
    names = [("Download the file as it came", "file")] * bool(upload.storage_key)
    if upload.open_records:
        names += [("Download the error report", "report"), ("Download it for Excel", "excel_report")]
    return [(words, download_url(upload, name)) for words, name in names]


def download_url(upload: UploadHistory, name: str) -> str:
    """Where one of its files is: file, report, excel_report."""
    return reverse(f"admin:uploads_uploadhistory_{name}", args=[_key(upload)])


def _key(upload: UploadHistory) -> str:
    return str(quote(upload.pk))


def import_url(vendor_id: str = "") -> str:
    """The import, with this vendor chosen already."""
    address = reverse("admin:catalog_product_import")
    return f"{address}?{urlencode({'vendor': vendor_id})}" if vendor_id else address


# --- the whole page ----------------------------------------------------------------------------------------------


def whole(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    """All that the page shows."""
    company, user = upload.vendor.vendor_name, request.user
    may_download = user.has_perm("uploads.download_uploadhistory")
    layout = reading.layout_of(upload)
    return {
        "title": f"{visible(upload.file_name)} from {visible(company)}",
        "subtitle": None,
        "company": company,
        "company_url": page_url("vendors_vendor", upload.vendor_id) if user.has_perm("vendors.view_vendor") else "",
        "sender": _sender(upload),
        "aged": results.aged(upload),
        "file_url": download_url(upload, "file") if may_download and upload.storage_key else "",
        "report_url": download_url(upload, "report") if may_download else "",
        "excel_report_url": download_url(upload, "excel_report") if may_download else "",
        "read_how": how_read(layout) if layout else [],
        "history": history.of_upload(upload),
        "corrections": history.corrections(upload),
        "for_engineers": list(_for_engineers(request, upload)),
        **changing(request, upload),
        **work.of(request, work.address("uploads_uploadhistory", _key(upload)), upload=upload),
    }


def _sender(upload: UploadHistory) -> str:
    """The program or the source that sent it; "" for a person."""
    feed = Feed.objects.filter(upload=upload).select_related("token", "source").first()
    return feeds.sender(feed) if feed else ""


def how_read(layout: Layout) -> list[tuple[str, str]]:
    """The format, encoding and delimiter or sheet, what each column was taken for, what was remembered and assumed."""
    fields = layout.mapping.fields
    text = [
        ("encoding", ", since ".join(filter(None, (encoding_name(layout.encoding), layout.encoding_reason)))),
        ("delimiter", DELIMITERS.get(layout.delimiter, layout.delimiter)),
    ]
    return [
        *([("format", layout.plan.format)] if layout.plan and layout.plan.format else []),
        *([("sheet", layout.sheet)] if layout.sheet else text),
        *(
            [("prices in", "what each row says" if layout.currency_in_rows else layout.currency)]
            * bool(layout.currency)
        ),
        *((LABELS[field], f"from “{fields[field]}”") for field in READ if field in fields),
        *([("remembered", layout.remembered)] if layout.remembered else []),
        *(("note", note) for note in layout.notes),
    ]


def _for_engineers(request: HttpRequest, upload: UploadHistory) -> Iterator[tuple[str, str]]:
    """What only those are shown who may see System."""
    user = request.user
    if user.has_perm("uploads.view_recordoutcome"):
        yield (
            "Records in DynamoDB",
            keeping(request, reverse("admin:uploads_uploadhistory_records", args=[_key(upload)])),
        )
        yield "Ledger", list_url("uploads_recordoutcome", upload=upload.pk)
    if user.has_perm("uploads.view_job"):
        yield "Jobs", list_url("uploads_job", upload=upload.pk)
    if user.has_perm("uploads.view_correction"):
        yield "Corrections", list_url("uploads_correction", upload=upload.pk)
