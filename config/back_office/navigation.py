"""The admin's navigation, in the words of the work: what people come for first, what engineers need under System.

Everybody finds what their permissions open, and nothing else. A table that isn't named here stands under System.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.text import capfirst


@dataclass(frozen=True)
class Entry:
    """A page that the navigation leads to. `below`: it belongs to the entry before it. `waiting`: how much waits."""

    name: str
    url: str
    current: bool = False
    below: bool = False
    waiting: str = ""


@dataclass(frozen=True)
class Section:
    """Entries under one heading. What is `folded` opens at a click, or where one of its pages is shown."""

    name: str
    entries: tuple[Entry, ...]
    folded: bool = False

    @property
    def current(self) -> bool:
        return any(entry.current for entry in self.entries)


WORK, FIGURES = "Work", "Figures"
FIGURES_OF = "uploads.UploadHistory"  # who may see these may see the figures
# A way in of its own, below the uploads, for those who may.
IMPORT = "Import a file"
IMPORT_PAGE = "admin:catalog_product_import"
# What they are called here, by their model; with "below" where they belong to the line before.
WORKED_WITH = {
    "uploads.UploadHistory": ("Uploads", ""),
    "uploads.ValidationError": ("Errors", "below"),
    "catalog.Product": ("Products", ""),
    "vendors.Vendor": ("Vendors", ""),
    "vendors.ApiToken": ("Tokens", "below"),
    "vendors.Webhook": ("Webhooks", "below"),
    "catalog.ProductCategory": ("Categories", ""),
    "uploads.ValueRule": ("Rules", ""),
    "uploads.SeverityRule": ("Severities", "below"),
    "uploads.GuardThreshold": ("Thresholds", "below"),
    "uploads.RememberedReading": ("File layouts", "below"),
    "uploads.Source": ("Sources", ""),
}
# Pages of their own, behind the table that somebody must be able to view for them.
PAGES = {
    "uploads.ValidationError": [("Wrong values", "admin:uploads_validationerror_everywhere")],
    "uploads.ValueRule": [("Tested changes", "admin:uploads_valuerule_tests")],
}
SYSTEM = {
    "uploads.RecordOutcome": "Ledger",
    "uploads.StreamShard": "Stream shards",
    "uploads.Job": "Jobs",
    "uploads.Correction": "Corrections",
    "uploads.RecentUpload": "View: recent uploads",
    "uploads.VendorSummary": "View: vendor summary",
    "catalog.ProductCatalog": "View: product catalog",
    "auth.User": "Users",
    "auth.Group": "Groups",
    "mfa.Authenticator": "Second factors",
    "security.SecurityEvent": "Security log",
}
NAMED = {label: name for label, (name, _) in WORKED_WITH.items()} | SYSTEM


def name_of(opts: Any) -> str:
    """What a table is called, by its model's `_meta`."""
    return NAMED.get(opts.label) or str(capfirst(opts.verbose_name_plural))


def sections(
    apps: Iterable[dict[str, Any]], path: str, waiting: str = "", *, may_import: bool = False
) -> tuple[Section, ...]:
    """The navigation of somebody who is offered these apps (AdminSite.get_app_list), on the page at `path`, and for
    whom so much is `waiting`.
    """
    importing = Entry(IMPORT, reverse(IMPORT_PAGE), path.startswith(reverse(IMPORT_PAGE)), below=True)
    tables = {table["model"]._meta.label: table for app in apps for table in app["models"] if table["admin_url"]}
    others = {label: table["name"] for label, table in tables.items() if label not in NAMED}
    index = reverse("admin:index")
    work = [Entry(WORK, index, path == index, waiting=waiting)]
    if FIGURES_OF in tables:
        work += [Entry(FIGURES, reverse("figures"), path == reverse("figures"), below=True)]
    for label, (name, where) in WORKED_WITH.items():
        if label in tables:
            work.append(_entry(name, tables[label], "" if importing.current else path, below=bool(where)))
            work += [importing] if label == "uploads.UploadHistory" and may_import else []
            work += [Entry(page, reverse(to), path == reverse(to), below=True) for page, to in PAGES.get(label, ())]
    system = [_entry(name, tables[label], path) for label, name in (SYSTEM | others).items() if label in tables]
    found = (Section("", tuple(work)), Section("System", tuple(system), folded=True))
    return tuple(section for section in found if section.entries)


def entries(navigation: Iterable[Section]) -> Iterator[Entry]:
    """All of them, whatever they stand under."""
    for section in navigation:
        yield from section.entries


def _entry(name: str, table: dict[str, Any], path: str, *, below: bool = False) -> Entry:
    url = table["admin_url"]
    pages = {reverse(to) for of_table in PAGES.values() for _, to in of_table}
    return Entry(name, url, path.startswith(url) and path not in pages, below)
