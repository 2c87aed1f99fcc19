"""The preview of a file as a form: how it is read, what each column means, and what of that its user has seen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from django import forms

from catalog.rules.fields import LABELS, READ, REQUIRED
from catalog.rules.places import place
from catalog.rules.problems import Code
from uploads.feed import parser
from uploads.feed.formats.own.changes import CHANGES, KIND
from uploads.feed.parser import Layout, Reading
from uploads.insight.warned_rows import of_file
from uploads.models import Job, UploadHistory
from uploads.pipeline.guard import hold
from uploads.pipeline.guard.check import Finding
from uploads.preview import dry_run, outlook
from uploads.preview.asked import answers_of
from uploads.preview.shown import Preview
from vendors.models import Vendor

COLUMN = "column-{}"
TAKE = "take"
DO_NOT_IMPORT = "don't import"
SHOWN = "shown"  # the mode of a file that shows by itself that it only changes products: nobody chose it
STRICTLY = "only update existing products; empty cells leave what is there, and unknown products are errors"
FIELD_CHOICES = [("", DO_NOT_IMPORT), *((field, LABELS[field] + " *" * (field in REQUIRED)) for field in READ)]


def modes_of(layout: Layout) -> list[tuple[str, str]]:
    """What the file can be sent to do: value and label."""
    if not _shows_it(layout):
        return UploadHistory.Mode.choices
    as_shown = (SHOWN, str(UploadHistory.Mode.UPDATE.label))
    is_listed = layout.plan and not (layout.of_format or layout.plan.made_for_us)
    return [as_shown, (UploadHistory.Mode.UPDATE.value, STRICTLY)] if is_listed else [as_shown]


def mode_of(seen: Preview) -> str:
    """The value of the mode that a file was previewed in."""
    return SHOWN if _shows_it(seen.layout) else seen.mode


def _shows_it(layout: Layout) -> bool:
    """Whether it only changes products by what it has columns for, and not by the mode alone that was chosen."""
    return layout.only_updates and layout.answers.get(KIND) != CHANGES


class PreviewForm(forms.Form):
    """What goes round between preview and confirm; the selects of the columns stand beside it, one for each.

    `shape` and `seen` say which columns the selects are about, and which reading was previewed.
    """

    token = forms.CharField(widget=forms.HiddenInput)
    shape = forms.CharField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput)
    encoding = forms.ChoiceField(required=False)
    delimiter = forms.ChoiceField(required=False)
    mode = forms.ChoiceField(required=False, choices=UploadHistory.Mode.choices)
    remember = forms.BooleanField(required=False)

    def __init__(self, seen: Preview, token: str) -> None:
        layout, reading = seen.layout, seen.reading
        initial = {
            "token": token, "shape": layout.shape, "seen": fingerprint(seen.choice, mode_of(seen)),
            "encoding": reading.encoding, "delimiter": reading.delimiter, "mode": mode_of(seen), "remember": True,
        }  # fmt: skip
        super().__init__(initial=initial)
        encodings = [(code, parser.encoding_name(code)) for code in parser.ENCODINGS]
        delimiters = [
            (sign, f"{name} ( {sign} )" if sign.strip() else name) for sign, name in parser.DELIMITERS.items()
        ]
        for name, choices, found in (
            ("encoding", encodings, "" if reading.encoding else parser.encoding_name(layout.encoding)),
            ("delimiter", delimiters, "" if reading.delimiter else seen.delimiter),
        ):
            first = ("", f"{found} (found)" if found else "find out")
            cast("forms.ChoiceField", self.fields[name]).choices = [first, *choices]
        cast("forms.ChoiceField", self.fields["mode"]).choices = modes_of(layout)
        if layout.encoding.startswith("utf-16"):  # its bytes say so
            self.fields["encoding"].disabled = True


@dataclass(frozen=True)
class Confirmation:
    """What the form says when it comes back, be it to look again or to confirm.

    `token` stands for the kept file; `reading` is None for a form that says nothing about how to read it; `seen` is the
    fingerprint of what was previewed; `remember` and `notify` say whether these boxes are ticked, and `forget` whether
    that button was pressed. `let_through` is the word for what the guard found, where that is ticked. `shown`: the mode
    is what the file shows by itself, and is nobody's word.
    """

    token: str
    reading: Reading | None
    mode: str
    seen: str
    remember: bool
    notify: bool
    forget: bool = False
    let_through: str = ""
    shown: bool = False

    @classmethod
    def from_post(cls, posted: Mapping[str, str]) -> "Confirmation":
        return cls(
            token=posted.get("token", ""),
            reading=_reading(posted),
            mode=_mode(posted),
            seen=posted.get("seen", ""),
            remember="remember" in posted,
            notify="notify" in posted,
            forget="forget" in posted,
            let_through=posted.get("let_through", ""),
            shown=posted.get("mode") == SHOWN,
        )

    @property
    def was_seen(self) -> bool:
        """Whether what is confirmed is what was previewed: nobody shall import columns that they only just changed."""
        return self.reading is None or fingerprint(self.reading, SHOWN if self.shown else self.mode) == self.seen


def _reading(posted: Mapping[str, str]) -> Reading | None:
    if "shape" not in posted:
        return None
    chosen: list[str] = []
    while (field := posted.get(COLUMN.format(len(chosen)))) is not None:
        chosen.append(field)
    column, _, field = posted.get(TAKE, "").partition(":")  # the button beside a guess
    if column.isdecimal() and len(column) < 4 and int(column) < len(chosen) and field in READ:
        chosen[int(column)] = field
    found = posted.get("encoding", ""), posted.get("delimiter", ""), tuple(chosen), posted["shape"]
    return Reading(*found, answers_of(posted))


def _mode(posted: Mapping[str, str]) -> str:
    mode = posted.get("mode", "")
    if mode == SHOWN:
        return UploadHistory.Mode.UPDATE.value
    return mode if mode in UploadHistory.Mode.values else UploadHistory.Mode.UPSERT.value


def fingerprint(reading: Reading, mode: str = "upsert") -> str:
    """The same for the same reading and mode. What the mode itself makes of a file isn't in a form."""
    if reading.answers.get(KIND) == CHANGES:
        reading = replace(reading, answers={one: said for one, said in reading.answers.items() if one != KIND})
    return hashlib.sha256(json.dumps([asdict(reading), mode], sort_keys=True).encode()).hexdigest()


def dry_run_context(job: Job, asked: int, user: Any) -> dict[str, Any]:
    """What the changing part of a preview shows this user, on a page that asks so much (outlook.weight)."""
    result, looked = job.result, dry_run.looked_at(job)
    findings: tuple[Finding, ...] = ()
    if looked and not looked.layout.questions:
        vendor_id = str(job.vendor_id)
        findings = hold.in_preview(dry_run.trial_of(job), vendor_id, looked.layout, job.parameters["mode"])
    left_out = sum(result.get("left_out", {}).values())
    return {
        "job": job,
        "guard": hold.shown(findings, user, str(job.vendor_id)) if findings else None,
        "ended": job.ended,
        "percent": outlook.percent(job),
        "outlook": outlook.of(job),
        "asked": asked,
        "asks_more": outlook.weight(dry_run.questions(job)) > asked,
        "counts": [
            ("New", result.get("inserted", 0), False),
            ("Updated", result.get("updated", 0), False),
            *([("Retired", retired, False)] if (retired := result.get("retired", 0)) else []),
            ("Unchanged", result.get("unchanged", 0), False),
            *([("Waiting for an answer", waiting, False)] if (waiting := result.get("open", 0)) else []),
            *([("Left alone", alone, False)] if (alone := result.get("skipped", 0) - left_out) else []),
            *([("Left out", left_out, False)] if left_out else []),
            ("With errors", result.get("error", 0), True),
            *([("With warnings", warned, False)] if (warned := result.get("warned", 0)) else []),
            *([("Not in the file", result["absent"], bool(result["absent"]))] if "absent" in result else []),
        ],
        "absent": result.get("absent", 0),
        "absent_why": result.get("absent_why", ""),
        "absent_some": result.get("absent_some", []),
        "absent_to": Vendor.objects.get(pk=job.vendor_id).get_absent_products_display() if result.get("absent") else "",
        "kinds": _kinds(job, "problems"),
        "warnings": sorted(_kinds(job, "warnings"), key=lambda kind: kind[1]["of_file"]),
    }


def asked_in(given: Mapping[str, str]) -> int:
    """How much a page asks that wants its changing part."""
    said = given.get("asked", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


def _kinds(job: Job, name: str) -> list[tuple[str, dict[str, Any]]]:
    """The kinds of problems that a dry run has found so far, most frequent first: label, and count with an example."""
    found, sheet = job.result.get(name, {}), job.parameters.get("sheet", "")
    kinds = []
    for code, kind in sorted(found.items(), key=lambda kind: -kind[1]["count"]):
        more = {"place": place(kind["row"], kind.get("line"), sheet), "of_file": of_file(code, kind["count"], job.done)}
        kinds.append((Code(code).label, kind | more))
    return kinds
