"""Whatever a document names is there: a reader who copies it gets what is said."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from config.embedded.processes import ROOT
from config.watch.meters import METERS
from tests.docs.pages import FOLDERS, PAGES, addresses, anchors, code, name_of, spans
from tests.test_structure import CODE, _files, _targets
from uploads.insight.metrics import FIGURES

pytestmark = pytest.mark.parametrize("page", PAGES, ids=name_of)

# What others read, named with what reads it.
FOREIGN = {
    "AWS_PROFILE", "AWS_SESSION_TOKEN",  # boto3
    "OTEL_SERVICE_NAME", "SENTRY_ENVIRONMENT", "SENTRY_RELEASE",  # the libraries of that name
    "SSL_CERT_FILE",  # pip, uv, boto3
    "DJANGO_SUPERUSER_PASSWORD",  # createsuperuser
    "CERTIFICATE_VERIFY_FAILED",  # Python's ssl
    "ERP_2026_01",  # an upload of somebody's program
}  # fmt: skip
PARTS = ("", "_bucket", "_sum", "_count")
METRICS = {name + part for name in (*FIGURES, *METERS) for part in PARTS}
READERS = ("Makefile", "compose.yaml", "gunicorn.conf.py")  # beside all code and deploy/
NO_METRIC = {"onboarding_new"}  # a database
MADE = {"deploy/certificates/rds.pem"}  # by who follows the page


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", _read(page)):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


def test_targets_of_make_are_there(page: Path) -> None:
    named = set(re.findall(r"(?:^|[`;&$(]\s*)make ([a-z][\w-]*)", code(_read(page)), flags=re.MULTILINE))
    assert named <= _targets()


def test_commands_take_the_options_that_they_are_shown_with(page: Path) -> None:
    for name, options in re.findall(r"manage\.py ([a-z_]+)((?: --?[a-z][\w-]*)*)", code(_read(page))):
        assert name in get_commands(), name
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        assert set(options.split()) <= set(parser._option_string_actions), f"{name} {options}"


def test_variables_are_read_by_something(page: Path) -> None:
    readers = [*_files(*CODE, "tests"), *(ROOT / "deploy").glob("*"), *(ROOT / name for name in READERS)]
    read = "\n".join(path.read_text("utf-8") for path in readers if path.is_file() and "docs" not in path.parts)
    known = set(re.findall(r"\b[A-Z][A-Z0-9_]*[A-Z0-9_]\b", read)) | FOREIGN
    named = set(re.findall(r"(?<![\w/<%])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w…])", code(_read(page))))
    assert named - known == set()


def test_metrics_are_measured(page: Path) -> None:
    found = set(re.findall(r"\bonboarding_[a-z_]+", code(_read(page)))) - NO_METRIC
    assert {name for name in found if not name.startswith("as_")} <= METRICS | {"onboarding"}


def test_files_are_there(page: Path) -> None:
    for name in re.findall(
        rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*[\w/]", code(_read(page).partition("## Addresses")[0])
    ):
        assert name in MADE or any((ROOT / folder / name).exists() for folder in (".", "docs")), name


def test_units_of_systemd_are_there(page: Path) -> None:
    for unit in re.findall(r"(?:systemctl|journalctl) [^`\n]*?\b(onboarding-[a-z]+)", code(_read(page))):
        assert (ROOT / "deploy" / f"{unit}.service").exists(), unit


def test_addresses_are_answered(page: Path) -> None:
    """Those of the platform, whole as people open them; `/vendor/<ID>/` is as good as `/vendor/<vendor_id>/`."""
    known = {re.sub(r"<[^>]*>", "<>", address) for address in addresses()}
    for span in spans(_read(page)):
        if re.match(r"/(?:admin|vendor|accounts|apply|invitation|confirm|healthz|readyz|metrics)\b", span):
            asked = re.sub(r"<[^>]*>", "<>", span.partition("?")[0])
            begun = asked.removesuffix("…")
            generic = begun == "/admin/<>/<>/"
            assert generic or asked in known or (begun != asked and any(one.startswith(begun) for one in known)), span
