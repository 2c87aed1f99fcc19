"""A judged record as the catalog is asked about it, and what came of it as the hour's thresholds count it.

For the commit, which writes it (commit.py), and for who asks what the records that wait would do (waiting.py).
"""

from collections.abc import Sequence

from catalog.committer import Candidate, Verdict
from catalog.rules.problems import Problem
from catalog.rules.validator import ProductDraft
from uploads.pipeline.holding.window import Did
from uploads.pipeline.judge import Judged


def candidate_of(item: Judged) -> Candidate | None:
    """What wants into the catalog; None where nothing does."""
    upload = item.upload
    if upload is None or item.draft is None:
        return None
    one_number = upload.plan.one_number if upload.plan else ""
    return Candidate(
        item.record.vendor_id, upload.sequence, item.record.row_number, item.draft, upload.mode,
        item.record.line_number, upload.sheet, one_number, item.problems, item.severities,
    )  # fmt: skip


def without_draft(item: Judged) -> Verdict:
    """What becomes of a record that doesn't get as far as the catalog."""
    outcome = "cancelled" if item.cancelled else "skipped" if item.left_out else "error"
    return Verdict(outcome, None, warnings=tuple(item.problems))


def problems_of(verdict: Verdict) -> Sequence[Problem]:
    """Errors and warnings."""
    return verdict.warnings if verdict.problem is None else [verdict.problem, *verdict.warnings]


def did_of(item: Judged, verdict: Verdict) -> Did | None:
    """What it came to; None for what isn't measured: what isn't a program's, or somebody looked at."""
    upload = item.upload
    if upload is None or not upload.of_program or upload.vendor_id != item.record.vendor_id:
        return None
    if item.record.attempt != 1 or item.cancelled:
        return None
    message = next((one.message for one in problems_of(verdict) if not one.is_warning), "")
    return Did(upload.vendor_id, verdict.outcome, *_named(item), verdict.changes, message)


def _named(item: Judged) -> tuple[str, str]:
    """The product's name and SKU, as far as the row says them; of one that it only retires what that is found by."""
    if isinstance(item.draft, ProductDraft):
        return item.draft.product_name, item.draft.sku
    return ("Product", item.draft.key) if item.draft else ("", "")
