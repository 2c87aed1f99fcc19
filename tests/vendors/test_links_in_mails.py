"""Mails lead to the site's own address, whatever host the browser named that caused them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from config.embedded import processes
from config.web.links import site_url
from tests.vendors.conftest import PASSWORD, code_in, member, person
from tests.vendors.portal.test_apply import APPLICATION, log_in
from vendors.models import Vendor

SITE = "https://vendors.example/platform"
FORGED = "evil.example"


@pytest.fixture(autouse=True)
def _site(accounts: None, settings: Any) -> None:
    settings.SITE_URL = f"{SITE}/"
    settings.ALLOWED_HOSTS = ["testserver", FORGED]
    settings.STAFF_NEEDS_TOTP = False


@pytest.fixture
def browser() -> Client:
    """One that names a host that isn't the site's, but may be named."""
    return Client(headers={"host": FORGED, "x-forwarded-host": FORGED})


def _ask_for_a_password(browser: Client, email: str) -> None:
    browser.post("/accounts/password/reset/", {"email": email})


def _change_the_password(browser: Client) -> None:
    log_in(browser, "kim@example.com")
    browser.post("/accounts/password/change/", {
        "oldpassword": PASSWORD, "password1": f"{PASSWORD}, too", "password2": f"{PASSWORD}, too",
    })  # fmt: skip


def _change_the_address(browser: Client, mails: list[Any]) -> None:
    log_in(browser, "kim@example.com")
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/email/", {"email": "kim@elsewhere.example", "action_add": "yes"})
    browser.post("/accounts/confirm-email/", {"code": code_in(mails[-1])})


def _lock(browser: Client, settings: Any) -> None:
    settings.SECURITY_ALARMS_TO = ["security@vendors.example"]
    for _ in range(7):
        log_in(browser, "kim@example.com", "wrong")


def _invite(browser: Client, vendor: Vendor) -> None:
    owner = member(vendor, "ada", "owner").user
    browser.force_login(owner)
    browser.post(f"/vendor/{vendor.pk}/members/", {"email": "new@example.com", "role": "viewer"})


FLOWS: dict[str, Any] = {
    "a new password": lambda at: _ask_for_a_password(at["browser"], "kim@example.com"),
    "a new password for nobody": lambda at: _ask_for_a_password(at["browser"], "nobody@example.com"),
    "an application": lambda at: at["browser"].post("/apply/", APPLICATION),
    "an application of who is known": lambda at: at["browser"].post(
        "/apply/", APPLICATION | {"email": "kim@example.com"}
    ),
    "another password": lambda at: _change_the_password(at["browser"]),
    "another address": lambda at: _change_the_address(at["browser"], at["mails"]),
    "an invitation": lambda at: _invite(at["browser"], at["vendor"]),
    "an alarm": lambda at: _lock(at["browser"], at["settings"]),
}


@pytest.mark.parametrize("flow", FLOWS)
def test_no_mail_names_the_host_of_the_browser(
    flow: str, browser: Client, vendor: Vendor, mailoutbox: list[Any], settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    person("kim")
    with django_capture_on_commit_callbacks(execute=True):
        FLOWS[flow]({"browser": browser, "vendor": vendor, "mails": mailoutbox, "settings": settings})
    assert mailoutbox, "nothing was sent"
    links = []
    for mail in mailoutbox:
        assert FORGED not in f"{mail.subject}\n{mail.body}\n{mail.extra_headers}"
        links += re.findall(r"https?://\S+", mail.body)
    assert links
    assert [link for link in links if not link.startswith(SITE)] == []


def test_a_link_for_a_new_password_works_at_the_sites_address(browser: Client, mailoutbox: list[Any]) -> None:
    person("kim")
    _ask_for_a_password(browser, "kim@example.com")
    found = re.search(rf"{re.escape(SITE)}(/accounts/password/reset/key/\S+)", mailoutbox[0].body)
    assert found
    assert "Save password" in Client().get(found[1], follow=True).content.decode()


# --- `make run` ------------------------------------------------------------------------------------------------


class Started(Exception):
    """The command has become the server."""


@pytest.mark.parametrize("asked", ["the port that was asked for", "another one, where that is taken"])
def test_mails_of_make_run_name_the_port_on_which_it_serves(
    asked: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SITE_URL, settings.STATIC_ROOT = "", tmp_path / "static"
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    assert site_url("/a/") == "http://127.0.0.1:8000/a/"
    port = processes.first_free(0)
    serves = port if asked == "the port that was asked for" else processes.first_free(0)
    monkeypatch.setattr(processes, "first_free", lambda *ports: serves)
    became: list[list[str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        became.append(arguments)
        raise Started

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Started):
        call_command("serve", port=port)
    assert f"--bind=127.0.0.1:{serves}" in became[0]
    assert site_url("/a/") == f"http://127.0.0.1:{serves}/a/", "workers, too, look it up when they need it"
