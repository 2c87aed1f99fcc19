"""What operators read is plain English: what engineers call things stands under System, for those who may see it."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.bench.pages import addresses
from tests.site.test_page_costs import grow

pytestmark = pytest.mark.django_db
# Names of fields in the public schema stay: `total_records` and its like are no words.
ENGINEERS = re.compile(
    r"\b(streams?|shards?|staged|staging|outcomes?|records?|attempts?|upserts?|reconcil\w+|ledger|payloads?|booleans?"
    r"|foreign keys?|null|enum|epoch|lease)\b",
    re.IGNORECASE,
)
SYSTEM = ["recordoutcome", "streamshard", "job", "correction", "recentupload", "vendorsummary", "productcatalog"]
# What engineers look at, and the names of columns in an export: the public schema's.
THEIRS = ("admin:uploads_uploadhistory_record", "admin:vendors_vendor_held_records", "_export")
# What isn't shown, or is data: what people typed and what files said.
_UNSEEN = re.compile(r"<(script|style|svg|template)\b.*?</\1>|<!--.*?-->|<option\b.*?</option>", re.DOTALL)


def operator() -> User:
    """Somebody of Operations without what opens the pages under System."""
    user = User.objects.create_user("operator", is_staff=True)
    given = Permission.objects.filter(group__name="Operations").exclude(
        codename__in=[f"view_{table}" for table in SYSTEM]
    )
    user.user_permissions.set(given)
    return user


def words(page: str) -> set[str]:
    """The engineers' words that a page shows."""
    shown = re.sub(r"<[^>]*>", " ", _UNSEEN.sub(" ", page.partition("<body")[2]))
    return {word.group().lower() for word in ENGINEERS.finditer(html.unescape(shown))}


@pytest.mark.usefixtures("groups", "categories", "aws")
def test_no_page_of_an_operator_speaks_as_engineers_do(client: Client) -> None:
    assert Group.objects.filter(name="Operations").exists()
    grow()
    client.force_login(operator())
    admin = User.objects.create_superuser("admin")
    pages = {" ".join(page.name.split()[:2]): page.url for page in addresses.every_page(admin)}
    found: dict[str, set[str]] = {}
    seen = 0
    for name, url in pages.items():
        answer: Any = client.get(url)
        theirs = any(part in name.split()[0] for part in THEIRS)
        if not theirs and answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            seen += 1
            if wrong := words(answer.content.decode()):
                found[name] = wrong
    assert seen > 40
    assert found == {}, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())
