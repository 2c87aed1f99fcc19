"""What an address doesn't take is refused before anything of it is read; what it takes gets through."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver

from config.bodies import limits
from config.bodies.limits import FORM, MB
from config.bodies.refuse import NO_FILES, NO_LENGTH
from tests.companies import Company
from vendors.models import VendorMember

FORM_KIND, FILE_KIND = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
GB = 1024 * MB
IMPORT, CATEGORIES = "/admin/catalog/product/import/", "/admin/catalog/productcategory/import/"
CONFIRM = "/admin/catalog/productcategory/process_import/"
CHOOSE = "/vendor/VEND001/upload/"


class Unread:
    """A body of which nobody may read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("The body was read.")

    readline = read


class Read(Exception):
    """Somebody began to read the body."""


class Asked(Unread):
    def read(self, *_: int) -> bytes:
        raise Read

    readline = read


def _announce(client: Client, path: str, size: int | str, kind: str = FORM_KIND, body: Any = None, **more: Any) -> Any:
    """POST to an address with a body that says that it has this size."""
    said = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(size), "wsgi.input": body or Unread(), **more}
    return client.post(path, b"", content_type=kind, **said)


def _gets_through(client: Client, path: str, size: int, kind: str) -> bool:
    """Whether somebody begins to read it, or the page itself has something against it."""
    try:
        return _announce(client, path, size, kind, Asked()).status_code not in (411, 413, 415)
    except Read:
        return True


@pytest.fixture
def people(ours: Company, groups: None) -> dict[str, Client]:
    """Browsers, by who is signed in to them."""
    found = {"nobody": Client(), "superuser": Client()}
    found["superuser"].force_login(User.objects.create_superuser("root"))
    for name in Group.objects.values_list("name", flat=True):
        found[name] = Client()
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name=name))
        found[name].force_login(user)
    for role in VendorMember.Role.values:
        found[role] = Client()
        user = User.objects.create_user(role, f"{role}@northwind.example")
        VendorMember.objects.create(user=user, vendor_id="VEND001", role=role)
        found[role].force_login(user)
    return found


@pytest.mark.parametrize("kind", [FORM_KIND, FILE_KIND, "application/json", ""])
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/apply/",
        "/admin/",
        "/admin/login/",
        CHOOSE,
        IMPORT,
        "/nowhere/",
        "/accounts/password/reset/",
    ],
)
def test_50_gigabytes_from_nobody_are_refused_unread_wherever_they_are_sent(db: None, path: str, kind: str) -> None:
    answer = _announce(Client(), path, 50 * GB, kind)
    assert answer.status_code == 413
    assert "is larger than 1.0\xa0MB, which is all that this page takes" in answer.content.decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_whatever_the_method(db: None, method: str) -> None:
    sent: dict[str, Any] = {"CONTENT_LENGTH": str(50 * GB), "wsgi.input": Unread()}
    assert Client().generic(method, "/accounts/login/", **sent).status_code == 413


def test_what_does_not_say_its_length_is_refused_unread(db: None) -> None:
    answer = _announce(Client(), "/accounts/login/", "", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, NO_LENGTH in unescape(answer.content.decode())) == (411, True)


FILE = 512 * MB + FORM
MAY = [
    # address, kind, the most that it takes, from whom
    ("/accounts/login/", FORM_KIND, FORM, {"nobody", "superuser", "owner"}),
    (CHOOSE, FILE_KIND, FILE, {"owner", "uploader"}),
    (CHOOSE, FORM_KIND, FORM, {"owner", "viewer", "nobody"}),
    ("/vendor/VEND001/uploads/u-1/errors/x/save/", FORM_KIND, 10 * MB, {"owner", "uploader"}),
    (IMPORT, FILE_KIND, FILE, {"superuser", "Operations", "Operations lead"}),
    (CATEGORIES, FILE_KIND, 2 * MB, {"superuser", "Operations", "Operations lead"}),
    (CONFIRM, FORM_KIND, 3 * MB, {"superuser", "Operations", "Operations lead"}),
    ("/admin/uploads/validationerror/1/correct/", FORM_KIND, 10 * MB, {"superuser", "Operations", "Operations lead"}),
]  # fmt: skip
WIDE = [case for case in MAY if case[2] > FORM]


@pytest.mark.parametrize(("path", "kind", "size", "who"), MAY, ids=[f"{case[0]} {case[1][:4]}" for case in MAY])
def test_an_address_takes_what_is_listed_and_not_a_byte_more(
    people: dict[str, Client], path: str, kind: str, size: int, who: set[str]
) -> None:
    for name in who:
        assert _gets_through(people[name], path, size, kind), name
        assert _announce(people[name], path, size + 1, kind).status_code == 413, name


@pytest.mark.parametrize(("path", "kind", "size", "who"), WIDE, ids=[case[0] for case in WIDE])
def test_who_may_not_send_it_there_sends_no_more_than_a_form(
    people: dict[str, Client], path: str, kind: str, size: int, who: set[str]
) -> None:
    for name in people.keys() - who:
        answer = _announce(people[name], path, FORM + 1, kind)
        assert answer.status_code == 413, f"{name}: {answer.status_code}"
        assert "Sign in first, as somebody who may" in answer.content.decode()


def test_staff_who_have_not_shown_their_second_factor_send_no_more_than_a_form(
    people: dict[str, Client], settings: Any
) -> None:
    settings.STAFF_NEEDS_TOTP = True
    assert _announce(people["superuser"], IMPORT, FORM + 1, FILE_KIND).status_code == 413


def test_each_address_of_the_table_is_there() -> None:
    names = {f"vendor:{name}" for name in ("choose", "correct_rows")}
    admin = dict(get_resolver().namespace_dict)["admin"][1].reverse_dict
    names |= {f"admin:{name}" for name in admin if isinstance(name, str)} | {"api:feeds", "api:target"}
    assert limits.table().keys() <= names


# --- files where none are taken --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/apply/", "/vendor/VEND001/profile/", "/vendor/VEND001/upload/confirm/"]
)
def test_a_file_where_none_is_taken_is_refused_before_it_is_kept(
    people: dict[str, Client], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[object] = []
    for handler in ("MemoryFileUploadHandler", "TemporaryFileUploadHandler"):
        monkeypatch.setattr(
            f"django.core.files.uploadhandler.{handler}.new_file", lambda self, *a, **k: kept.append(self)
        )
    sent = {"vendor_name": "Another", "a": SimpleUploadedFile("a.csv", b"a,b\n")}
    answer = people["owner"].post(path, sent)
    assert (answer.status_code, kept) == (415, [])
    assert NO_FILES in answer.content.decode()


def test_a_form_in_parts_without_a_file_is_a_form_like_any_other(people: dict[str, Client]) -> None:
    assert people["nobody"].post("/accounts/login/", {"login": "x", "password": "y"}).status_code == 200


def test_a_small_file_from_nobody_leads_to_the_sign_in_as_the_page_itself_does(people: dict[str, Client]) -> None:
    answer = people["nobody"].post(CHOOSE, {"file": SimpleUploadedFile("a.csv", b"a,b\n")})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_several_files_at_once_are_refused_where_one_is_taken(people: dict[str, Client]) -> None:
    files = [SimpleUploadedFile(f"{n}.csv", b"a,b\n") for n in range(2)]
    assert people["owner"].post(CHOOSE, {"file": files}).status_code == 400


# --- the largest that is permitted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "path", "more"), [("owner", CHOOSE, {}), ("superuser", IMPORT, {"format": "0", "resource": ""})]
)
def test_upload_pages_still_take_the_largest_file_that_is_permitted(
    people: dict[str, Client], settings: Any, who: str, path: str, more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_FILE_BYTES = 3 * MB
    met: list[int] = []
    monkeypatch.setattr("uploads.preview.flow.choose", _noting(met))
    name = "file" if path == CHOOSE else "import_file"
    sent = {name: SimpleUploadedFile("feed.csv", b"x" * (3 * MB)), "vendor": "VEND001", **more}
    people[who].post(path, sent)
    assert met == [3 * MB]


def _noting(met: list[int]) -> Callable[..., Any]:
    from uploads.pipeline.examine import Refused

    def choose(file: Any, *_: Any) -> None:
        file.seek(0, 2)
        met.append(file.tell())
        raise Refused("Seen.")

    return choose


def test_a_file_a_little_over_the_limit_is_refused_in_the_pages_own_words(
    people: dict[str, Client], settings: Any
) -> None:
    settings.MAX_FILE_BYTES = 2 * MB
    answer = people["owner"].post(CHOOSE, {"file": SimpleUploadedFile("feed.csv", b"x" * (2 * MB + 1))})
    assert "Split it" in answer.content.decode()
