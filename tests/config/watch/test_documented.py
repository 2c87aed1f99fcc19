"""Alerts, dashboard, runbook and the tables of metrics name what there is, and all of it; tests/docs has the rest."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from catalog.rules.problems import Code
from config.embedded.processes import ROOT
from config.watch import meters
from config.watch.meters import METERS
from uploads.aws import measured
from uploads.insight.metrics import FIGURES
from uploads.models import Job, RecordOutcome, UploadHistory
from uploads.work.policies import POLICIES

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/onboarding.json").read_text(encoding="utf-8"))
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

PARTS = {"_bucket": ("le",), "_sum": (), "_count": ()}
LABELS: dict[str, set[str]] = {
    **{name: set(figure.labels) for name, figure in FIGURES.items()},
    **{name: set(meter.labels) for name, meter in METERS.items() if not meter.buckets},
    **{
        name + part: {*meter.labels, *more}
        for name, meter in METERS.items()
        if meter.buckets
        for part, more in PARTS.items()
    },
}
CLASSES = {f"{number}xx" for number in range(1, 6)}
# What a label may be, where an expression names one of its values.
VALUES: dict[tuple[str, str], set[str]] = {
    ("onboarding_leases", "state"): {"held", "expired"},
    ("onboarding_jobs", "state"): set(Job.State.values),
    ("onboarding_jobs", "kind"): {name.lower() for name in Job.Kind.names},
    ("onboarding_errors_open", "code"): {code.value for code in Code},
    ("onboarding_rows_day", "outcome"): set(RecordOutcome.Outcome.values),
    ("onboarding_uploads_day", "state"): set(UploadHistory.Status.values),
    (f"{meters.REQUESTS}_count", "status"): CLASSES,
    (f"{meters.REQUESTS}_count", "view"): {"none"},
    (f"{meters.REQUESTS}_bucket", "view"): {"none"},
    (f"{meters.TASKS}_count", "result"): {"ok", "failed"},
    (f"{meters.AWS}_count", "result"): set(measured.RESULTS),
}


def _expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel.get("targets", []))


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_an_expression_is_one_and_asks_for_metrics_and_labels_that_there_are(where: str, expression: str) -> None:
    promql_parser.parse(expression)  # raises where it is none
    found = re.findall(r"\b(onboarding_\w+)(?:\{([^}]*)\})?", expression)
    assert found
    having: set[str] = set()
    for name, selector in found:
        assert name in LABELS, f"{where}: {name}"
        having |= LABELS[name]
        for label, value in re.findall(r'(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"', selector):
            assert label in LABELS[name], f"{where}: {name} has no {label}"
            assert set(value.split("|")) <= VALUES[name, label], f"{where}: {label} is never {value}"
    for labels in re.findall(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= having, where


def test_each_metric_of_the_platform_is_on_the_dashboard_or_warns() -> None:
    asked = set(re.findall(r"\bonboarding_\w+?(?=_bucket|_sum|_count|\b)", " ".join(one for _, one in _expressions())))
    assert {*FIGURES, *METERS} - asked == set()


def test_the_dashboards_panels_have_their_places() -> None:
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


# --- alerts and the runbook --------------------------------------------------------------------------------------


def _headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_it_means_whom_it_wakes_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    kept = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"]) for label in labels.split(",")}
    assert named <= kept


def test_the_runbook_has_a_page_for_each_alert_and_for_none_that_is_gone() -> None:
    assert sorted(_headings(RUNBOOK)) == sorted(rule["alert"] for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_page_of_the_runbook_says_what_to_look_at_and_what_to_do(rule: dict[str, Any]) -> None:
    page = RUNBOOK.partition(f"\n## {rule['alert']}\n")[2].partition("\n## ")[0]
    assert page.strip().startswith(f"*{rule['labels']['severity']}.* ")
    assert "**Look.** " in page
    assert "**Do.** " in page


# --- what is documented is there, and what is there is documented --------------------------------------------------


@pytest.mark.parametrize(("part", "listed"), [("figures", FIGURES), ("meters", METERS)])
def test_every_metric_is_documented_with_its_labels_and_none_that_is_gone(part: str, listed: Any) -> None:
    table = OPERATIONS.partition(f"<!-- {part} -->")[2].partition(f"<!-- /{part} -->")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.strip().splitlines()[2:]]
    assert rows == [
        [f"`{name}`", ", ".join(f"`{label}`" for label in one.labels) or "–", one.says] for name, one in listed.items()
    ]


def test_what_is_kept_and_for_how_long_is_documented_as_it_is() -> None:
    table = OPERATIONS.partition("<!-- kept -->")[2].partition("<!-- /kept -->")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.strip().splitlines()[2:]]
    assert rows == [
        [one.says, *((f"`{one.setting}`", str(one.days)) if one.setting else ("–", "–")), one.since, one.stays]
        for one in POLICIES.values()
    ]
