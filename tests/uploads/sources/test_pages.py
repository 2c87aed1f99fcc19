"""The vendors' pages about sources: owners say where their feed lies and when it is fetched; nobody sees a secret."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from security.models import SecurityEvent
from tests.uploads.sources.sites import ED25519, Site, add_source
from uploads.models import Feed, Source, SourceRun
from uploads.sources import host_keys, run, secrets
from uploads.sources.fetch import FetchFailed
from vendors.models import Vendor

PAGES = "/vendor/VEND001/sources/"
SECRET = "kW9-very-secret"
GOOD = {
    "name": "Night feed", "kind": "https", "url": "https://shop.example/feed.csv", "auth": "password",
    "user_name": "erp", "password": SECRET, "every": "week", "weekday": "2", "at": "03:30",
    "time_zone": "Europe/Berlin", "mode": "upsert",
}  # fmt: skip
SFTP = {"kind": "sftp", "url": "sftp://files.example/out/feed.csv"}


@pytest.fixture
def owner(sign_in: Callable[..., Client]) -> Client:
    return sign_in("owner", "olga")


def said(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_an_owner_adds_a_source_and_its_credentials_are_seen_by_nobody_again(
    owner: Client, admin_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    response = owner.post(f"{PAGES}add/", GOOD, follow=True)
    source = Source.objects.get()
    assert source.next_at
    assert (source.slot_at, source.state) == (source.next_at, "active")
    assert list(secrets.of(source).values()) == [SECRET]
    assert SECRET not in source.secret
    pages = [response, owner.get(PAGES), owner.get(f"{PAGES}{source.pk}/"), owner.get(f"{PAGES}{source.pk}/change/")]
    for page in pages:
        assert SECRET not in said(page)
        assert source.secret not in said(page)
        assert "Night feed" in said(page)
    assert "every Wednesday at 03:30, by the clock of Europe/Berlin" in said(pages[2])
    assert "Kept, and never shown" in said(pages[3])
    noted = SecurityEvent.objects.get(about=f"source {source.pk} (Night feed)")
    assert noted.detail == "added: signs in with user and password, which is new"

    owner.post(f"{PAGES}{source.pk}/change/", GOOD | {"password": "", "name": "Day feed", "every": "hour"})
    changed = Source.objects.get()
    assert (changed.name, secrets.of(changed)) == ("Day feed", secrets.of(source))
    owner.post(f"{PAGES}{source.pk}/change/", GOOD | {"auth": "none", "password": ""})
    assert Source.objects.get().secret == ""
    assert SECRET not in caplog.text + "".join(map(str, SecurityEvent.objects.values_list("detail", "about")))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": "http://shop.example/feed.csv"}, "An address over HTTPS begins with https://"),
        ({"url": "https://erp:secret@shop.example/"}, "everybody sees it"),
        ({"url": "https:///feed.csv"}, "no server in it"),
        ({"url": "https://shop.example:99999/"}, "This is no address"),
        ({"url": "https://shop.example/a b"}, "no spaces"),
        ({"url": "https:/\\shop.example/"}, "no backslashes"),
        ({"kind": "sftp"}, "An address over SFTP begins with sftp://"),
        (SFTP | {"auth": "none"}, "signed in to with user and password or SSH key"),
        (SFTP | {"url": "sftp://files.example"}, "Say which file"),
        ({"auth": "key"}, "signed in to with nothing or user and password or a header of our own"),
        ({"user_name": ""}, "as which user"),
        ({"password": ""}, "Type what to sign in with"),
        ({"password": "a\r\nHost: evil"}, "line breaks"),
        ({"auth": "header", "header_name": "X Key"}, "Say which header"),
        ({"auth": "header", "header_name": "Host"}, "what the connection itself says"),
        ({"auth": "header", "header_name": "User-Agent"}, "what the connection itself says"),
        (SFTP | {"auth": "key", "private_key": "ssh-ed25519 AAAA"}, "This is no private key"),
        ({"time_zone": "Mars/Base"}, "Select a valid choice"),
        ({"at": "25:00"}, "Enter a valid time"),
    ],
)
def test_what_cant_be_a_source_is_said_at_its_field(owner: Client, changes: dict[str, str], says: str) -> None:
    page = said(owner.post(f"{PAGES}add/", GOOD | changes))
    assert says.replace("’", "'") in page.replace("’", "'").replace("&#x27;", "'")
    assert SECRET not in page
    assert not Source.objects.exists()


def test_old_credentials_are_never_sent_to_another_server(owner: Client, vendor: Vendor) -> None:
    owner.post(f"{PAGES}add/", GOOD)
    source = Source.objects.get()
    Source.objects.update(etag='"1"', sha256="a" * 64)
    page = f"{PAGES}{source.pk}/change/"
    assert "on another server" in said(owner.post(page, GOOD | {"password": "", "url": "https://evil.example/f.csv"}))
    assert "on another server" in said(owner.post(page, GOOD | {"password": "", "url": "https://shop.example:8443/"}))
    owner.post(page, GOOD | {"password": "", "url": "https://shop.example/other.csv"})
    source.refresh_from_db()
    assert (source.url, source.etag, source.sha256) == ("https://shop.example/other.csv", "", "")


def test_there_are_twenty_at_most(owner: Client, vendor: Vendor) -> None:
    for n in range(19):
        add_source(vendor, name=f"{n}")
    owner.post(f"{PAGES}add/", GOOD)
    assert "A company has at most 20 sources" in said(owner.post(f"{PAGES}add/", GOOD))
    assert Source.objects.count() == 20
    assert "Add a source" not in said(owner.get(PAGES))


def test_a_test_shows_the_preview_and_imports_nothing(owner: Client, site: Site, vendor: Vendor) -> None:
    source = add_source(vendor, next_at=None)
    live = owner.post(f"{PAGES}{source.pk}/act/", {"do": "test"}).headers["Location"]
    waiting = said(owner.get(live))
    assert "It waits for its turn" in waiting
    assert f'hx-get="{live}progress/"' in waiting
    assert run.fetch_next()
    page = owner.get(f"{live}progress/")
    assert "hx-get" not in said(page)
    assert "Nothing of it is imported" in said(page)
    token = SourceRun.objects.get().preview
    assert token in said(page)

    preview = said(owner.post("/vendor/VEND001/upload/preview/", {"token": token, "mode": "upsert"}))
    assert "Kettle" in preview
    assert not Feed.objects.exists()

    other = Client()
    other.force_login(User.objects.create_user("other"))
    vendor.members.create(user=User.objects.get(username="other"), role="owner")
    assert token not in said(other.get(live)), "it is for who asked"


def test_the_key_of_a_server_is_confirmed_by_its_fingerprint(owner: Client, site: Site, vendor: Vendor) -> None:
    source = add_source(vendor, auth="password", user_name="erp", **SFTP)
    site.answers = [FetchFailed("host_key_unknown", "Confirm its key first.", again=False)]
    site.answers[0].host_key = ED25519  # type: ignore[union-attr] # it is one of the answers that have it
    act, page = f"{PAGES}{source.pk}/act/", f"{PAGES}{source.pk}/"
    live = owner.post(act, {"do": "test"}).headers["Location"]
    assert run.fetch_next()
    assert "Look at the server" in said(owner.get(live))
    print_of = host_keys.fingerprint(ED25519)
    assert f"ssh-ed25519<br><code>{print_of}</code>" in said(owner.get(page))
    assert "another key since" in said(owner.post(act, {"do": "confirm", "fingerprint": "SHA256:x"}, follow=True))
    assert "is confirmed" in said(owner.post(act, {"do": "confirm", "fingerprint": print_of}, follow=True))
    assert Source.objects.get().host_key == ED25519

    Source.objects.update(host_key_met="ssh-rsa AAAA", state="paused")
    changed = said(owner.get(page))
    assert "The server shows another key" in changed
    assert print_of in changed
    assert "Confirm the server" in said(owner.post(act, {"do": "go-on"}, follow=True))


def test_a_source_is_paused_goes_on_and_is_deleted_after_a_question(owner: Client, source: Source) -> None:
    act, page = f"{PAGES}{source.pk}/act/", f"{PAGES}{source.pk}/"
    assert "Paused by olga" in said(owner.post(act, {"do": "pause"}, follow=True))
    assert not run.fetch_next()
    assert "goes on at its next time" in said(owner.post(act, {"do": "go-on"}, follow=True))
    assert owner.post(act, {"do": "nonsense"}).headers["Location"] == page
    SourceRun.objects.create(source=source, outcome="failed", message="No route.", code="unreachable")
    assert "No route." in said(owner.get(page))
    assert "Delete Night feed?" in said(owner.get(f"{page}delete/"))
    assert Source.objects.exists()
    assert "is deleted" in said(owner.post(f"{page}delete/", follow=True))
    assert not SourceRun.objects.exists()


def test_others_look_and_change_nothing(uploader: Client, source: Source) -> None:
    for page in (PAGES, f"{PAGES}{source.pk}/"):
        assert "Only owners" in said(uploader.get(page))
        assert 'name="do"' not in said(uploader.get(page))
    for address in ("add/", f"{source.pk}/change/", f"{source.pk}/delete/", f"{source.pk}/act/"):
        assert uploader.post(f"{PAGES}{address}", {"do": "pause"}).status_code == 403
    assert Source.objects.get().state == "active"
