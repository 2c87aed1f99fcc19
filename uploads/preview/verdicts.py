"""What a file would do, before it is sent: how it is read, and a verdict on each of its first rows.

The same parser, validator and decision as the pipeline's, on a snapshot of the catalog; nothing is written. How the
file is read can be corrected: encoding, delimiter, and what each column means (`Reading`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from catalog import committer
from catalog.committer import Candidate, Snapshot
from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.offers import OfferDraft
from catalog.rules.places import in_file
from catalog.rules.problems import Problem, is_warning
from catalog.rules.validator import ProductDraft, Rules, validate
from config.web.text import visible
from uploads.feed import columns, parser, shops
from uploads.feed.apart.reader import Look
from uploads.feed.choices import as_list
from uploads.feed.formats.detect import FORMAT, OWN_LIST, format_of
from uploads.feed.formats.plan import TAKEN
from uploads.feed.formats.ruled import ValueRules, replaced
from uploads.feed.header import ignored_notes
from uploads.feed.parser import Layout, Reading, Row
from uploads.feed.questions import CATEGORY_VALUES, LASTING
from uploads.models import UploadHistory
from uploads.pipeline import examine, judge, ledger, receive, remembered, staged_rows
from uploads.pipeline.examine import FeedFile
from uploads.pipeline.understood import values
from uploads.pipeline.understood.values import Means
from uploads.preview.asked import Asked, Offer, asked, offers

BRIEF_CHARS = 40
CELL_CHARS = 80
ROWS = 20
SAMPLES = 3  # cells shown of each column
FULL_COLUMNS = 25  # of a file with more, those that mean nothing are put aside
# The upload would be the newest of all, so nothing that it brings is superseded.
NEWEST = 2**63 - 1


class Difference(NamedTuple):
    """What an update would change in a field, or what a rule reads instead of a cell."""

    label: str
    before: str
    after: str


class PreviewRow(NamedTuple):
    """One row and what would become of it: inserted, updated, unchanged, skipped or error.

    `cells` are those of Preview.columns, none for a row that can't be read: `raw` has its text then. `problems` are
    why it is an error, `warnings` what else there is to say of it. `changes` are an update's, `rules` what the vendor's
    rules made of its cells, and `meant` what a known format's does. `left_out` says why it is no product, and `in_file`
    where it stands there.
    """

    number: int
    in_file: str
    outcome: str
    cells: tuple[str, ...]
    raw: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    changes: tuple[Difference, ...]
    rules: tuple[Difference, ...] = ()
    meant: tuple[Difference, ...] = ()
    left_out: str = ""

    @property
    def verdict(self) -> str:
        """The outcome as something that is still to come."""
        if self.left_out:
            return "left out"
        return {"inserted": "new", "updated": "update"}.get(self.outcome, self.outcome)


class Column(NamedTuple):
    """One column of the file: what it has, what is read from it, and what could be."""

    position: int
    header: str
    samples: tuple[str, ...]
    field: str
    suggestion: str
    aside: bool
    understood: str = ""
    """The fields that a known format has in it, as people call them."""

    @property
    def shown(self) -> str:
        """The header, with what can't be seen in it."""
        return visible(self.header)

    @property
    def name(self) -> str:
        """Of its input in a form."""
        return f"column-{self.position}"

    @property
    def perhaps(self) -> str:
        """The field that it resembles, as people call it; "" for none. Nothing is read from it for that."""
        return LABELS.get(self.suggestion, "")


@dataclass(frozen=True)
class Preview:
    """How a file is read, and its first rows with their verdicts; none as long as required columns are missing.

    `problem` says why what was asked for about the columns can't be done; `changed`, that it differs from what would
    be found without anybody's word.
    """

    layout: Layout
    reading: Reading
    size: int
    lines: int
    sent_before: UploadHistory | None
    rows: tuple[PreviewRow, ...]
    mapped: tuple[Column, ...]
    problem: str
    changed: bool
    mode: str = "upsert"
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The fields that the file has, with the header that each is read from, in the order of FIELDS."""
        fields = self.layout.mapping.fields
        return [(LABELS[field], fields[field]) for field in FIELDS if field in fields]

    @property
    def encoding(self) -> str:
        return parser.encoding_name(self.layout.encoding)

    @property
    def notes(self) -> list[str]:
        """Those about ignored columns not while a person is asked what these mean."""
        asked = ignored_notes(self.layout.mapping) if self.missing else []
        return [visible(note) for note in self.layout.notes if note not in asked]

    @property
    def delimiter(self) -> str:
        return parser.DELIMITERS.get(self.layout.delimiter, self.layout.delimiter)

    @property
    def currency(self) -> str:
        """What the prices are in; "" while that is open."""
        return "what each row says" if self.layout.currency_in_rows else self.layout.currency

    @property
    def ready(self) -> bool:
        """Whether it could be sent as it is read now."""
        return not (self.problem or self.layout.mapping.missing or self.layout.questions)

    @property
    def missing(self) -> list[str]:
        """Required fields that no column is for."""
        return [LABELS[field] for field in self.layout.mapping.missing]

    @property
    def asked(self) -> list[Asked]:
        return asked(self.layout)

    @property
    def offers(self) -> list[Offer]:
        return offers(self.layout, self.left_out)

    @property
    def carried(self) -> dict[str, str]:
        """The answers that a form brings along unseen: what is taken all the same has boxes."""
        return {name: answer for name, answer in self.answers.items() if name != TAKEN}

    @property
    def switched_off(self) -> str:
        """What the file looks like, where a person said that it is a list of the vendor's own; else ""."""
        known = format_of(self.layout.headers) if self.layout.answers.get(FORMAT) == OWN_LIST else None
        return known.name if known else ""

    @property
    def aside(self) -> bool:
        return any(one.aside for one in self.mapped)

    @property
    def answers(self) -> dict[str, str]:
        """What was answered already, for the form to bring along. Which column it is stands in the columns by then."""
        layout, answers = self.layout, self.reading.answers
        settled = {question.id for question in (*layout.questions, *layout.optional)} - {CATEGORY_VALUES}
        if not layout.of_format:
            settled |= {name for name in columns.QUESTION_IDS if as_list(answers.get(name, "")) is None}
        return {name: answer for name, answer in answers.items() if name not in settled}

    @property
    def choice(self) -> Reading:
        """What is shown, as the reading that gives it again."""
        chosen = () if self.layout.of_format else tuple(one.field for one in self.mapped)
        return replace(self.reading, columns=chosen, shape=self.layout.shape, answers=self.answers)


def of(
    feed: FeedFile, vendor_id: str, reading: Reading | None = None, mode: str = "upsert", *, whole: bool = False
) -> Preview:
    """Preview a feed of this vendor, sent in this mode; it is left rewound. Raises Refused, as sending would.
    `whole`: all rows of a known format are looked at for what they leave open, not only the first.

    What a Reading can set right is no refusal: the preview says it.
    """
    receive.active_vendor(vendor_id)
    contents, reading, problem = examine.examine(feed.text), reading or Reading(), ""
    try:
        look = examine.look(feed, contents, vendor_id, reading, ROWS, whole=whole)
    except examine.Refused as refused:
        if refused.code not in ("other_columns", "duplicate_column") or reading.columns is None:
            raise
        # With another delimiter there are other columns, and they are chosen from anew.
        problem = str(refused) if refused.code == "duplicate_column" else ""
        look = examine.look(feed, contents, vendor_id, replace(reading, columns=None), ROWS, whole=whole)
    layout, rows = look.layout, list(staged_rows.as_staged(look.rows, look.layout))
    mode = UploadHistory.Mode.UPDATE.value if layout.only_updates else mode
    return Preview(
        layout=layout,
        reading=reading,
        size=contents.size,
        lines=contents.lines,
        sent_before=examine.sent_before(vendor_id, contents.sha256),
        rows=() if problem or not layout.mapping.complete else _judged(look, vendor_id, mode),
        mapped=_columns(layout, reading if problem else None, rows),
        problem=problem,
        changed=remembered.can_be(layout) and _changed(layout, reading, vendor_id),
        mode=mode,
        left_out=look.left_out,
    )


def _changed(layout: Layout, reading: Reading, vendor_id: str) -> bool:
    """Whether the next file with these columns would be read otherwise without anybody's word."""
    before = columns.recall(layout.headers, remembered.of(vendor_id))
    known = before.answers if before else {}
    lasting = LASTING if layout.of_format else LASTING - columns.QUESTION_IDS.keys()
    if any(known.get(name) != answer for name, answer in layout.answers.items() if name in lasting):
        return True
    if layout.of_format:
        return False
    if before and before.fields:
        return dict(before.fields) != remembered.chosen_fields(layout)
    return remembered.says_more(layout)


def _columns(layout: Layout, impossible: Reading | None, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns with what is read from them; an `impossible` choice stays as it was made."""
    fields = {header: field for field, header in remembered.chosen_fields(layout).items()}
    understood = _understood(layout)
    chosen = impossible.columns if impossible and impossible.shape == layout.shape else None
    settled = layout.remembered or layout.of_format
    suggestions = {} if settled else columns.suggested(layout.headers, layout.mapping)
    many = len(layout.headers) > FULL_COLUMNS
    unclear = {header for could_be in layout.mapping.unclear.values() for header in could_be}
    found = []
    for position, header in enumerate(layout.headers):
        field = chosen[position] if chosen else fields.get(header, "")
        suggestion = suggestions.get(header, "")
        samples = tuple(_samples(row.cells[header] for row in rows if row.cells))
        meant = understood.get(header, "")
        aside = many and not (field or suggestion or meant or header in unclear)
        found.append(Column(position, header, samples, field, suggestion, aside, meant))
    return tuple(found)


def _understood(layout: Layout) -> dict[str, str]:
    """Of a known format: header → the fields that are read from it, also where another column comes first."""
    found: dict[str, list[str]] = {}
    for meant, read in (layout.plan.columns if layout.plan and layout.of_format else {}).items():
        for header in read:
            found.setdefault(header, []).append(LABELS[meant])
    return {header: ", ".join(labels) for header, labels in found.items()}


def _samples(cells: Iterable[str]) -> Iterable[str]:
    """The first different cells that have something in them."""
    return islice(dict.fromkeys(_brief(cell) for cell in cells if cell.strip()), SAMPLES)


# --- verdicts --------------------------------------------------------------------------------------------------


class ValidatedRow(NamedTuple):
    """A row after validation: its values by field as the vendor's rules have them, all that was found in it, and a
    draft unless that keeps it out. Of a known format the values are what the row means, `derived` those that aren't
    simply a cell, and `left_out` says why it is no product.
    """

    row: Row
    values: Mapping[str, str | None]
    draft: ProductDraft | OfferDraft | None
    problems: list[Problem]
    derived: frozenset[str] = frozenset()
    left_out: str = ""


def validated(
    row: Row, layout: Layout, rules: Rules, own: ValueRules | None, means: Means | None = None
) -> ValidatedRow:
    """A row judged in itself, as the pipeline judges its record; of a known format by what it `means`."""
    if row.problem is not None:
        return ValidatedRow(row, {}, None, [row.problem])
    if means and layout.plan:
        found = means(row)
        if found.left_out:
            return ValidatedRow(row, {}, None, [], left_out=found.left_out.said)
        if found.problem:
            return ValidatedRow(row, {}, None, [found.problem])
        in_rows = layout.currency_in_rows
        result = judge.validate_meaning(found, layout.plan, rules, layout.currency, in_rows=in_rows)
        return ValidatedRow(row, found.values, result.draft, result.problems, found.derived)
    fields, shop = layout.mapping.fields, shops.shop_of(layout.headers)
    cells = {field: row.cells[header] for field, header in fields.items()}
    read = replaced(cells, own)
    if variant := shops.variant_problem(read, fields, shop):
        return ValidatedRow(row, read, None, [variant])
    currency = judge.currency_of(read, layout.currency, in_rows=layout.currency_in_rows)
    numeric = judge.still_numbers(judge.numeric_fields(fields, row.numeric), cells, read)
    return ValidatedRow(row, read, *validate(shops.as_meant(read, shop), rules, numeric, currency))


def candidates(judged: Iterable[ValidatedRow], vendor_id: str, mode: str, layout: Layout) -> dict[int, Candidate]:
    """Row number → what wants into the catalog."""
    sheet, one_number = layout.sheet, layout.plan.one_number if layout.plan else ""
    return {
        one.row.number: Candidate(vendor_id, NEWEST, one.row.number, one.draft, mode, one.row.line, sheet, one_number)
        for one in judged
        if one.draft is not None
    }


def first_rows(look: Look, vendor_id: str) -> list[ValidatedRow]:
    """The rows of a look, each judged in itself."""
    rules, own, layout = judge.category_rules(), judge.value_rules([vendor_id]).get(vendor_id), look.layout
    means = values.means(layout.plan, lambda row: look.heads.get(row.number), own)
    return [validated(row, layout, rules, own, means) for row in staged_rows.as_staged(look.rows, layout)]


def _judged(look: Look, vendor_id: str, mode: str) -> tuple[PreviewRow, ...]:
    """Decide row by row, as the pipeline would: each sees what those before it would have done."""
    judged, layout = first_rows(look, vendor_id), look.layout
    wanting = candidates(judged, vendor_id, mode, layout)
    snapshot = committer.read_snapshot(list(wanting.values()), ledger.origins)
    return tuple(_preview_row(one, layout, wanting.get(one.row.number), snapshot) for one in judged)


def _preview_row(judged: ValidatedRow, layout: Layout, candidate: Candidate | None, snapshot: Snapshot) -> PreviewRow:
    row, fields = judged.row, layout.mapping.fields
    cells = tuple(_cell(row.cells[fields[field]]) for field in FIELDS if field in fields) if row.cells else ()
    read = _changes((field, row.cells.get(fields.get(field, ""), ""), it or "") for field, it in judged.values.items())
    rules, meant = ((), read) if layout.of_format else _split(judged.derived, read)
    place, warnings = in_file(row.line, layout.sheet), tuple(p for p in judged.problems if is_warning(p.code))
    if judged.left_out:
        left_out = visible(judged.left_out)
        return PreviewRow(row.number, place, "skipped", cells, "", (), (), (), left_out=left_out)
    if candidate is None:
        errors = tuple(problem for problem in judged.problems if problem not in warnings)
        return PreviewRow(row.number, place, "error", cells, visible(row.raw), errors, warnings, (), rules, meant)
    verdict = committer.decide(candidate, snapshot)
    errors = (verdict.problem,) if verdict.problem else ()
    changes = _changes((field, old, new) for field, (old, new) in (verdict.changes or {}).items())
    alone = visible(verdict.reason)
    return PreviewRow(row.number, place, verdict.outcome, cells, "", errors, warnings, changes, rules, meant, alone)


def _split(
    derived: frozenset[str], read: Sequence[Difference]
) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """What the vendor's rules have instead of cells, and what was made of these or of answers."""
    made = {LABELS[field] for field in derived}
    return (
        tuple(one for one in read if one.label not in made),
        tuple(one for one in read if one.label in made),
    )


def _changes(pairs: Iterable[tuple[str, object, object]]) -> tuple[Difference, ...]:
    return tuple(Difference(LABELS[field], _brief(old), _brief(new)) for field, old, new in pairs if old != new)


def _cell(text: str) -> str:
    return visible(text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…")


def _brief(value: object) -> str:
    """A value as a list of changes has room for it: its beginning, on one line."""
    text = visible(" ".join(str("nothing" if value in (None, "") else value).split()))
    return text if len(text) <= BRIEF_CHARS else text[: BRIEF_CHARS - 1] + "…"
