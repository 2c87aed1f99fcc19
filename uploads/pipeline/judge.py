"""Step 5 for a batch of records: each against the whitelist, its vendor and its upload, as they stand now.

The rules about rows are catalog.rules.validator's; here is what they need to know of the outside, and what is wrong
with a record before its row counts at all. Uploads that nobody opened are adopted on the way.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as kept_in
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from catalog.models import ProductCategory
from catalog.rules.clashes import vendor_mismatch, vendor_not_active, vendor_unknown
from catalog.rules.fields import BARCODE
from catalog.rules.in_currency import codes_in
from catalog.rules.money import quoted
from catalog.rules.offers import OfferDraft, ValidatedOffer, validate_row
from catalog.rules.problems import Code, Problem
from catalog.rules.severity import doubts
from catalog.rules.severity.severities import DEFAULTS, Severities, keeps_out
from catalog.rules.validator import ProductDraft, Rules, Validated
from uploads.aws.records import Record, row_of, storable
from uploads.feed import columns, shops
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head
from uploads.feed.formats.meaning import Meaning, once, reader
from uploads.feed.formats.model import UPDATE, Plan, Reason
from uploads.feed.formats.ruled import ValueRules, meant, replaced, with_texts
from uploads.feed.parser import Layout
from uploads.feed.sheets.handed_out import says_nothing
from uploads.models import UploadHistory, ValueRule
from uploads.pipeline.understood import categories, heads
from uploads.pipeline.weighing import severities
from uploads.work import events
from vendors.models import Vendor

REASON_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """What a batch needs to know of an upload."""

    upload_id: str
    vendor_id: str
    sequence: int
    fields: Mapping[str, str] | None  # field → header in the file; None where each record brings its own
    rows: int | None  # of the file, once it is staged to its end
    mode: str = "upsert"
    shop: shops.Shop = shops.NO_SHOP
    currency: str = ""  # of its prices; "" is the vendor's
    currency_in_rows: bool = False
    sheet: str = ""  # of the workbook
    plan: Plan | None = None  # of a known format
    silent: frozenset[str] = frozenset()  # fields whose empty cells say nothing

    @property
    def of_program(self) -> bool:
        """Whether there is no file: another program put the records."""
        return self.fields is None and self.rows is None


@dataclass(frozen=True, slots=True)
class Against:
    """What rows are held against beside their vendor and upload: the categories, and by vendor what is read instead of
    values, and which problems are errors. Whoever asks what a change would do hands in what isn't stored. `ours` None
    is read where a row needs it.
    """

    rules: Rules
    own_rules: Mapping[str, ValueRules]
    ours: Categories | None = None
    severities: Mapping[str, Severities] = kept_in(default_factory=dict)


class ProposedRule(NamedTuple):
    """A value rule that isn't stored: for one vendor, or None for all. `right` None takes away the one there is for the
    value; `instead_of` is the stored rule that it would replace.
    """

    vendor_id: str | None
    field: str
    wrong: str
    right: str | None
    instead_of: int | None = None


class _Known(NamedTuple):
    """What one row is held against: of all vendors, of the record's own, and of its upload."""

    rules: Rules
    vendor: "_Vendor | None"
    own_rules: ValueRules | None
    ours: Categories | None
    head: Head | None


class _Vendor(NamedTuple):
    status: str
    currency: str


class Judged(NamedTuple):
    """A record after validation. `upload` is None for one that belongs to no upload we could count it under; `values`
    are what its row means, for one of a known format; `left_out` says why it is no product. `severities` are its
    vendor's, for what only the catalog shows. `guessed` is the cell that its category was chosen from, if it was.
    """

    record: Record
    upload: Upload | None
    draft: ProductDraft | OfferDraft | None
    problems: list[Problem]
    cancelled: bool = False
    values: Mapping[str, str | None] | None = None
    left_out: str = ""
    severities: Severities = DEFAULTS
    guessed: str = ""


def judge(batch: Sequence[Record]) -> list[Judged]:
    """Validate each record against the whitelist, its vendor and its upload as they stand now."""
    return _each(batch, _uploads_of(batch), standing({record.vendor_id for record in batch}))


def judge_by(batch: Sequence[Record], against: Against) -> list[Judged]:
    """The same against what is handed in, and without adopting uploads: nothing is written."""
    return _each(batch, _read_uploads({record.upload_id for record in batch}), against)


def standing(vendor_ids: Iterable[str]) -> Against:
    """What rows of these vendors are held against as it stands now."""
    asked = list(vendor_ids)
    return Against(category_rules(), value_rules(asked), severities=severities.of(asked))


def _each(batch: Sequence[Record], uploads: Mapping[str, Upload], against: Against) -> list[Judged]:
    vendors, ours = _vendors({record.vendor_id for record in batch}), None
    if any(upload.plan for upload in uploads.values()):
        ours = against.ours or categories.ours()
    found = _heads_of(batch, uploads, ours) if ours else {}
    rules = {name: severities.with_severities(against.rules, said) for name, said in against.severities.items()}
    known = {
        name: _Known(rules.get(name, against.rules), vendors.get(name), against.own_rules.get(name), ours, None)
        for name in {record.vendor_id for record in batch}
    }
    judged = []
    for place, record in enumerate(batch):
        held_against, head = known[record.vendor_id], found.get(place)
        if head:
            held_against = held_against._replace(head=head)
        judged.append(_judge(record, uploads.get(record.upload_id), held_against))
    return judged


def _heads_of(batch: Sequence[Record], uploads: Mapping[str, Upload], ours: Categories) -> dict[int, Head]:
    """Of the records that belong to a group its head, by their place in the batch."""
    wanted: dict[int, heads.Wanted] = {}
    for place, record in enumerate(batch):
        upload = uploads.get(record.upload_id)
        if upload and upload.plan and upload.plan.group and record.problem is None:
            place_of = reader(upload.plan, ours).place_of
            if under := place_of(with_texts(record.data), row_of(record.record_id)):
                wanted[place] = (record.upload_id, under)
    found = heads.of(wanted.values())
    return {place: found[one] for place, one in wanted.items() if one in found}


def category_rules(turned: Mapping[str, bool] = categories.NOTHING_TURNED) -> Rules:
    """The category whitelist, as validation wants it; where categories are to be `turned` on or off (name → active), as
    it would be then.
    """
    names: dict[bool, list[str]] = defaultdict(list)
    for name, active in ProductCategory.objects.values_list("category_name", "is_active"):
        names[turned.get(name, active)].append(name)
    return Rules.from_names(names[True], names[False])


def rules_of(vendor_id: str) -> Rules:
    """The same with the severities of a vendor, for whoever judges rows of it alone."""
    return severities.rules_of(vendor_id, category_rules())


def value_rules(vendor_ids: Iterable[str], proposed: ProposedRule | None = None) -> dict[str, ValueRules]:
    """What staff or the vendor said is to be read instead of values that these vendors keep writing; with a rule that
    is `proposed`, as it would be then.

    A rule for all vendors is one of each, unless that has one of its own for the same value.
    """
    found: dict[str | None, dict[tuple[str, str], str]] = defaultdict(dict)
    asked = list(vendor_ids)
    rules = ValueRule.objects.filter(Q(vendor_id__in=asked) | Q(vendor_id=None)).order_by()
    if proposed and proposed.instead_of:
        rules = rules.exclude(pk=proposed.instead_of)
    for vendor_id, field, wrong, right in rules.values_list("vendor_id", "field", "wrong_value", "right_value"):
        found[vendor_id][field, wrong.casefold()] = right
    if proposed:
        _propose(found[proposed.vendor_id], proposed)
    of_all = found.pop(None, {})
    both = {vendor_id: {**of_all, **found.get(vendor_id, {})} for vendor_id in asked}
    return {vendor_id: rules for vendor_id, rules in both.items() if rules}


def _propose(rules: dict[tuple[str, str], str], proposed: ProposedRule) -> None:
    key = proposed.field, proposed.wrong.strip().casefold()
    if proposed.right is None:
        rules.pop(key, None)
    else:
        rules[key] = proposed.right


def currency_of(values: Mapping[str, str | None], expected: str, *, in_rows: bool) -> str:
    """The currency that a row's price has to be in: the upload's, unless each row says its own."""
    if not in_rows:
        return expected
    codes = codes_in(values.get("currency"))
    return min(codes) if len(codes) == 1 else expected


def cell_of(item: Judged, field: str) -> str:
    """What the row has in the column of a field, without white space at its ends; "" where it has no such column."""
    if item.upload is None:
        return ""
    if item.guessed and field == "category":  # the value is the choice
        return storable(item.guessed.strip())
    if item.values and field in item.values:  # in a group another row may have the cell
        return storable((item.values[field] or "").strip())
    if item.values and field == "gtin" and BARCODE in item.values:
        return storable((item.values[BARCODE] or "").strip())
    fields = item.upload.fields if item.upload.fields is not None else own_fields(tuple(item.record.data))[0]
    return storable((item.record.data.get(fields.get(field, "")) or "").strip())


def _judge(record: Record, upload: Upload | None, known: _Known) -> Judged:
    if upload is None:
        return Judged(record, None, None, [_homeless(record)])
    if upload.fields is not None or upload.rows is not None:
        row = row_of(record.record_id)
        if not 1 <= row <= (upload.rows or row):
            return Judged(record, None, None, [_not_in_file(upload)])
        if row != record.row_number:
            record = record._replace(row_number=row, line_number=0)
    elif record.line_number:  # only a file has lines
        record = record._replace(line_number=0)
    if record.vendor_id != upload.vendor_id:
        return Judged(record, upload, None, [vendor_mismatch(record.vendor_id, upload.upload_id)])
    if record.problem is not None:
        return Judged(record, upload, None, [record.problem])
    vendor = known.vendor
    if vendor is None or vendor.status != Vendor.Status.ACTIVE:
        return Judged(record, upload, None, [vendor_not_active(record.vendor_id, vendor.status if vendor else "None")])
    if upload.plan and known.ours:
        return _understood(record, upload, upload.plan, known.ours, known)
    fields = upload.fields
    if fields is None:
        fields, clash = own_fields(tuple(record.data))
        if clash:
            return Judged(record, upload, None, [Problem("", Code.MALFORMED_RECORD, clash)])
    values = {
        field: cell
        for field, header in fields.items()
        if header in record.data and ((cell := record.data[header]) or field not in upload.silent)
    }
    by_rules = replaced(values, known.own_rules)
    numeric = still_numbers(numeric_fields(fields, record.numeric), values, by_rules)
    read = shops.as_meant(by_rules, upload.shop)
    if variant := shops.variant_problem(read, fields, upload.shop):
        return Judged(record, upload, None, [variant])
    currency = currency_of(read, upload.currency or vendor.currency, in_rows=upload.currency_in_rows)
    result = validate_cells(read, known.rules, numeric, currency)
    return Judged(record, upload, result.draft, result.problems, severities=known.rules.severities)


def _understood(record: Record, upload: Upload, plan: Plan, ours: Categories, known: _Known) -> Judged:
    """A row of a known format, by what it means."""
    row = record.row_number
    found = meant(record.data, record.numeric, plan, ours, known.head, row, known.own_rules)
    if found.left_out:
        return Judged(record, upload, None, [], left_out=why_left_out(found.left_out))
    if found.problem:
        return Judged(record, upload, None, [found.problem])
    expected = upload.currency or (known.vendor.currency if known.vendor else "")
    result = validate_meaning(found, plan, known.rules, expected, in_rows=upload.currency_in_rows)
    said, guessed = known.rules.severities, found.guessed
    return Judged(record, upload, result.draft, result.problems, values=found.values, severities=said, guessed=guessed)


def validate_cells(
    values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str], currency: str
) -> Validated | ValidatedOffer:
    """Hold what stands in a row against what a product must be, and look for what is odd in it."""
    return _with_doubts(validate_row(values, rules, numeric, currency), values, rules)


def validate_meaning(
    found: Meaning, plan: Plan, rules: Rules, expected: str, *, in_rows: bool
) -> Validated | ValidatedOffer:
    """The same of what a row means, its price in the `expected` currency."""
    currency = currency_of(found.values, expected, in_rows=in_rows)
    only_changes, listed = plan.mode == UPDATE, not plan.made_for_us
    result = validate_row(found.values, rules, found.numeric, currency, only_changes=only_changes, listed=listed)
    if not only_changes:
        result = result._replace(problems=once(result.problems, plan))
    return _with_doubts(result, found.values, rules, html_read=plan.html, guessed=found.guessed)


def _with_doubts(
    result: Validated | ValidatedOffer,
    values: Mapping[str, str | None],
    rules: Rules,
    *,
    html_read: bool = False,
    guessed: str = "",
) -> Validated | ValidatedOffer:
    """Adds what is odd in a right row, and takes its draft away where that is an error here. Of a row that names no
    category nobody knows before its product is found (committer.decide)."""
    draft, said = result.draft, rules.severities
    if draft is None or (isinstance(draft, OfferDraft) and draft.retires):
        return result
    if not (odd := doubts.of_row(draft, values, said, html_read=html_read, guessed=guessed)):
        return result
    category = draft.values.get("category", "") if isinstance(draft, OfferDraft) else draft.category
    problems = said.settled([*result.problems, *odd], category)
    if category and keeps_out(problems):
        return result._replace(draft=None, problems=problems)
    return result._replace(problems=problems)


def why_left_out(reason: Reason) -> str:
    """As the ledger and DynamoDB keep it."""
    return storable(f"Left out ({reason.reason}): {reason.said}")[:REASON_CHARS]


def numeric_fields(fields: Mapping[str, str], numeric: frozenset[str]) -> frozenset[str]:
    """The fields whose column was a number in this row, by the headers of such columns."""
    return frozenset(field for field, header in fields.items() if header in numeric) if numeric else numeric


def still_numbers(
    numeric: frozenset[str], cells: Mapping[str, str | None], by_rules: Mapping[str, str | None]
) -> frozenset[str]:
    """Those of these fields that no rule has another value for: that is text."""
    return frozenset(field for field in numeric if cells.get(field) == by_rules.get(field)) if numeric else numeric


def _homeless(record: Record) -> Problem:
    """Why a record could not be given an upload: no such vendor, or keys that can't be an upload's."""
    if not record.vendor_id:
        return Problem("vendor_id", Code.MALFORMED_RECORD, "The record has no vendor_id. Put it there as text.")
    if len(record.upload_id) > 100:
        return Problem("upload_id", Code.MALFORMED_RECORD, "The upload_id is longer than 100 characters.")
    return vendor_unknown(record.vendor_id)


def _not_in_file(upload: Upload) -> Problem:
    """A record that somebody put beside the rows of a file: counted, it would take the place of one of them."""
    message = f"The upload {quoted(upload.upload_id)} is a file, and this record is not one of its rows."
    return Problem("upload_id", Code.MALFORMED_RECORD, f"{message} Put it under an upload_id of its own.")


@lru_cache(maxsize=256)
def own_fields(headers: tuple[str, ...]) -> tuple[Mapping[str, str], str]:
    """Which fields a record of another program has, by the same aliases as a file's header; or why that is unclear."""
    if len(headers) > settings.MAX_FILE_COLUMNS:  # DynamoDB would take 100,000
        allowed = f"at most {settings.MAX_FILE_COLUMNS:,} are allowed"
        return {}, f"product_data has {len(headers):,} columns; {allowed}. Send only those of the product."
    found = columns.map_headers(headers)
    if not found.unclear:
        return found.fields, ""
    field, could_be = next(iter(found.unclear.items()))
    listed = columns.quoted(could_be, " and ")
    return {}, storable(f"Each of {listed} could be {field}. Send only one of them, as {field}.")


def _vendors(vendor_ids: Iterable[str]) -> dict[str, _Vendor]:
    rows = Vendor.objects.filter(vendor_id__in=vendor_ids).values_list("vendor_id", "status", "currency")
    return {vendor_id: _Vendor(status, currency) for vendor_id, status, currency in rows}


def _uploads_of(batch: Sequence[Record]) -> dict[str, Upload]:
    """The uploads of these records; those that nobody opened are adopted on the way."""
    upload_ids = {record.upload_id for record in batch}
    found = _read_uploads(upload_ids)
    if missing := upload_ids - set(found):
        _adopt([record for record in batch if record.upload_id in missing])
        found |= _read_uploads(missing)
    return found


def _read_uploads(upload_ids: set[str]) -> dict[str, Upload]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT upload_id, vendor_id, sequence, layout, file_rows, mode
              FROM upload_history
             WHERE upload_id = ANY (%s)
            """,
            [list(upload_ids)],
        )
        return {row[0]: _upload(*row) for row in cursor.fetchall()}


def _upload(upload_id: str, vendor_id: str, sequence: int, stored: str | None, rows: int | None, mode: str) -> Upload:
    if stored is None:
        return Upload(upload_id, vendor_id, sequence, None, rows, mode)
    layout = _layout(stored)
    return Upload(
        upload_id, vendor_id, sequence, layout.mapping.fields, rows, mode, shops.shop_of(layout.headers),
        layout.currency, layout.currency_in_rows, layout.sheet, layout.plan,
        says_nothing(layout.headers),
    )  # fmt: skip


@lru_cache(maxsize=64)
def _layout(stored: str) -> Layout:
    """Once for many batches: its plan is made ready only once then."""
    return Layout.from_json(json.loads(stored))


def _adopt(batch: Iterable[Record]) -> None:
    """Open an upload for records that another program put into the table, for the first vendor named that exists."""
    named = list(dict.fromkeys((r.upload_id, r.vendor_id) for r in batch if len(r.upload_id) <= 100))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO upload_history (upload_id, vendor_id, file_name, source)
            SELECT k.upload_id, k.vendor_id, 'Records put into DynamoDB', 'dynamodb'
              FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS k (upload_id, vendor_id, position)
              JOIN vendors USING (vendor_id)
             ORDER BY k.position
                ON CONFLICT (upload_id) DO NOTHING
            RETURNING upload_id
            """,
            [[upload_id for upload_id, _ in named], [vendor_id for _, vendor_id in named]],
        )
        if adopted := [upload_id for (upload_id,) in cursor.fetchall()]:
            events.opened(UploadHistory.objects.filter(pk__in=adopted).order_by("sequence"))
