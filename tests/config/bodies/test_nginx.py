"""deploy/nginx.conf: right as nginx reads it, in one mind with the application, and tried in front of it."""

import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crossplane
import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve, reverse

from config.bodies import limits
from config.bodies.limits import FORM, MB
from tests.config.bodies.proxy import CONF, NAME, NGINX, here, main_file, proxying, secure
from tests.config.bodies.serving import answer_to, head, said, serving, status_of
from vendors.models import VendorMember

UNITS = {"k": 1024, "m": MB, "": 1}
CHOOSE = "/vendor/VEND001/upload/"
SAMPLES: dict[str, dict[str, Any]] = {
    "api:target": {"signed": "WyJVIiwxXQ:1w0:x_-"},
    "vendor:choose": {"vendor_id": "VEND-001.é"},
    "vendor:correct_rows": {"vendor_id": "VEND001", "upload_id": "upload/2026:1", "code": "missing_value"},
    "admin:uploads_validationerror_correct": {"object_id": 17},
}
OTHERS = ["/", "/accounts/login/", "/vendor/VEND001/upload/preview/", "/vendor/VEND001/upload/confirm/",
          "/vendor/a/b/upload/", "/admin/catalog/product/import/preview/", "/admin/uploads/validationerror/1/change/",
          "/vendor/VEND001/uploads/u/errors/x/try-again/", "/static/vendors/pages.css"]  # fmt: skip

needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx isn't on this machine; NGINX_BINARY=/path/to/nginx names one"
)


def _parsed(folder: Path) -> list[dict[str, Any]]:
    """The directives of the http block that the file stands in."""
    read = crossplane.parse(str(main_file(folder, CONF)), combine=True)
    assert read["errors"] == []
    (http,) = [one for one in read["config"][0]["parsed"] if one["directive"] == "http"]
    block: list[dict[str, Any]] = http["block"]
    return block


def _of(block: list[dict[str, Any]], directive: str) -> list[dict[str, Any]]:
    return [one for one in block if one["directive"] == directive]


# Directives that crossplane takes for unknown: the lines of a `map`, and what is younger than it.
NOT_KNOWN = {"default", "POST", "ssl_reject_handshake"}


def test_all_directives_are_nginxs_and_stand_where_they_may_with_what_they_take(tmp_path: Path) -> None:
    read = crossplane.parse(str(main_file(tmp_path, CONF)), strict=True)
    wrong = [one["error"] for one in read["errors"]]
    assert [one for one in wrong if not any(f'unknown directive "{name}"' in one for name in NOT_KNOWN)] == []


@pytest.fixture
def site(tmp_path: Path) -> list[dict[str, Any]]:
    """The block of the server that is the site."""
    return next(_block(one) for one in _of(_parsed(tmp_path), "server") if _of(one["block"], "ssl_certificate"))


def _block(directive: dict[str, Any]) -> list[dict[str, Any]]:
    block: list[dict[str, Any]] = directive["block"]
    return block


def _location(site: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """The block that nginx chooses: the very address, else the first pattern that fits, else the longest beginning."""
    found = [(one["args"], _block(one)) for one in _of(site, "location")]
    for args, block in found:
        if args[0] == "=" and args[1] == path:
            return block
    for args, block in found:
        if args[0] == "~" and re.search(args[1], path):
            return block
    begins = [(args[0], block) for args, block in found if len(args) == 1 and path.startswith(args[0])]
    return max(begins, key=lambda one: len(one[0]))[1]


def _size(site: list[dict[str, Any]], path: str) -> int:
    stated = _of(_location(site, path), "client_max_body_size") or _of(site, "client_max_body_size")
    number, unit = re.fullmatch(r"(\d+)([km]?)", stated[0]["args"][0]).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def test_each_address_takes_as_much_from_the_proxy_as_from_the_application(site: list[dict[str, Any]]) -> None:
    assert configured.MAX_FILE_BYTES == 512 * MB, "the file is about the default"
    stated = {name: _size(site, reverse(name, kwargs=SAMPLES.get(name, {}))) for name in limits.table()}
    assert stated == {name: takes.size for name, takes in limits.table().items()}


@pytest.mark.parametrize("path", OTHERS)
def test_all_other_addresses_take_a_form(site: list[dict[str, Any]], path: str) -> None:
    assert _size(site, path) == FORM
    if not path.startswith(("/static/", "/vendor/a/b/")):
        assert resolve(path).view_name not in limits.table()


def test_what_is_larger_than_ten_megabytes_is_asked_about_before_it_is_taken(site: list[dict[str, Any]]) -> None:
    for name, takes in limits.table().items():
        asks = _of(_location(site, reverse(name, kwargs=SAMPLES.get(name, {}))), "auth_request")
        assert bool(asks) is (takes.size > 10 * MB), name


def test_a_place_that_states_something_again_states_all_that_it_would_have_inherited(
    site: list[dict[str, Any]],
) -> None:
    """nginx takes none of the server's limits and pages over where a location has one of its own."""
    for directive, stated in (("error_page", _codes), ("limit_conn", _zones)):
        whole = stated(_of(site, directive))
        for place in _of(site, "location"):
            own = stated(_of(place["block"], directive))
            if own and _of(place["block"], "auth_request"):
                assert whole - own == set(), place["args"]


def _codes(found: list[dict[str, Any]]) -> set[str]:
    """The answers that have a page: programs get another one than people."""
    return {code for one in found for code in one["args"][:-1]}


def _zones(found: list[dict[str, Any]]) -> set[str]:
    return {" ".join(one["args"]) for one in found}


def test_nothing_that_a_browser_says_about_proxies_gets_through(site: list[dict[str, Any]]) -> None:
    said_by_us = {one["args"][0]: one["args"][1] for one in _of(site, "proxy_set_header")}
    assert said_by_us == {
        "Host": "$host", "X-Forwarded-For": "$remote_addr", "X-Forwarded-Proto": "$scheme", "X-Forwarded-Host": "",
        "X-Forwarded-Port": "", "X-Forwarded-Server": "", "X-Real-IP": "", "Forwarded": "", "Proxy": "",
        "Connection": "",
    }  # fmt: skip
    assert _of(site, "proxy_request_buffering")[0]["args"] == ["on"]
    assert _of(site, "underscores_in_headers")[0]["args"] == ["off"]


# --- for real --------------------------------------------------------------------------------------------------


@needs_nginx
def test_nginx_itself_takes_the_file(tmp_path: Path) -> None:
    assert NGINX
    done = subprocess.run(
        [NGINX, "-t", "-c", str(here(tmp_path, 1, 2, 3)), "-e", str(tmp_path / "log")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "syntax is ok" in done.stderr


@pytest.fixture
def port(tmp_path: Path, transactional_db: None, real_processes: None, settings: Any) -> Iterator[int]:
    """Of nginx, in front of the site under gunicorn."""
    (tmp_path / "site").mkdir()
    behind = serving(tmp_path / "site", settings.SECRET_KEY, HTTPS="1", ALLOWED_HOSTS=f"{NAME},127.0.0.1")
    with behind as site, proxying(tmp_path / "nginx", site) as port:
        yield port


def _get(path: str, *headers: str, host: str = NAME) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]).encode()


def _post(path: str, length: int, *headers: str, kind: str = "multipart/form-data; boundary=x") -> bytes:
    return head(path, length, "Connection: close", *headers, kind=kind).replace(
        b"Host: 127.0.0.1", f"Host: {NAME}".encode()
    )


def _signed_in(role: str, vendor: Any) -> str:
    user = User.objects.create_user(role, f"{role}@northwind.example")
    VendorMember.objects.create(user=user, vendor=vendor, role=role)
    client = Client()
    client.force_login(user)
    return f"Cookie: sessionid={client.cookies['sessionid'].value}; csrftoken={'x' * 32}"


def _kept(folder: Path) -> int:
    """Bytes of bodies that nginx has on its disk. It deletes the files that it writes to: what is open counts."""
    return sum(file.stat().st_size for file in (folder / "nginx" / "kept").rglob("*") if file.is_file())


@needs_nginx
def test_pages_and_files_come_through_the_proxy(port: int, tmp_path: Path) -> None:
    with secure(port, _get("/accounts/login/")) as browser:
        page = said(browser)
    assert page.startswith("HTTP/1.1 200 OK")
    for header in ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security", "X-Frame-Options"):
        assert page.count(f"{header}:") == 1
    (tmp_path / "nginx" / "static").mkdir()
    (tmp_path / "nginx" / "static" / "collected.css").write_text("a {}")
    for path, status in (("collected.css", "200"), ("vendors/pages.css", "200"), ("none.css", "404")):
        with secure(port, _get(f"/static/{path}")) as browser:
            answer = said(browser)
        assert answer.split()[1] == status
        assert answer.count("X-Content-Type-Options: nosniff") == 1


@needs_nginx
def test_another_host_gets_no_answer_and_no_certificate(port: int) -> None:
    with pytest.raises(ssl.SSLError):
        secure(port, b"", name="elsewhere.example")
    with secure(port, _get("/accounts/login/", host="elsewhere.example")) as browser:
        assert status_of(browser) in ("", "HTTP/1.1 421 Misdirected Request")


@needs_nginx
def test_what_is_too_large_is_refused_in_words_by_whoever_knows_first(port: int, vendor: Any, tmp_path: Path) -> None:
    viewer, uploader = _signed_in("viewer", vendor), _signed_in("uploader", vendor)
    for sent, status, sentence in (
        (_post("/accounts/login/", 50 * 1024 * MB), "413", "larger than this page takes"),
        (_post(CHOOSE, 514 * MB, uploader), "413", "split it"),
        (_post(CHOOSE, 500 * MB), "403", "Sign in first"),
        (_post(CHOOSE, 500 * MB, viewer), "403", "Sign in first"),
        (_post(CHOOSE, 500 * MB, "Cookie: sessionid=made-up"), "403", "Sign in first"),
        (_post("/admin/catalog/product/import/", 500 * MB, uploader), "403", "Sign in first"),
    ):
        with secure(port, sent) as browser:
            answer = answer_to(browser)
        assert answer.split()[1] == status, answer
        assert sentence in answer
    assert _kept(tmp_path) == 0


@needs_nginx
def test_a_file_from_who_may_send_one_gets_to_the_application(port: int, vendor: Any, aws: None, bucket: None) -> None:
    cookie = _signed_in("uploader", vendor)
    parts = {'"csrfmiddlewaretoken"': "x" * 32, '"file"; filename="f.csv"': " " * (3 * MB)}
    lines = [f"--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{text}\r\n" for name, text in parts.items()]
    body = "".join([*lines, "--x--\r\n"]).encode()
    with secure(port, _post(CHOOSE, len(body), cookie, f"Origin: https://{NAME}") + body) as browser:
        answer = said(browser)
    assert answer.startswith("HTTP/1.1 200 OK"), answer
    assert "has nothing in it" in answer or "empty" in answer or "header" in answer, answer
    for path in (CHOOSE, "/vendor/VEND001/"):
        with secure(port, _get(path)) as browser:
            assert status_of(browser) == "HTTP/1.1 302 Found", "pages are led to the sign-in as without a proxy"


@needs_nginx
def test_the_application_hears_the_visitors_address_from_the_proxy_alone(port: int) -> None:
    """The limits of failed sign-ins go by it: ten a minute, whatever a browser says."""
    forged = ["X-Forwarded-For: 192.0.2.{n}", "X_Forwarded_For: 192.0.2.{n}", "Forwarded: for=192.0.2.{n}"]
    form = "login=nobody{n}&password=wrong&csrfmiddlewaretoken=" + "x" * 32
    told = []
    for n in range(12):
        body = form.format(n=n).encode()
        headers = [one.format(n=n) for one in forged] + [f"Cookie: csrftoken={'x' * 32}", f"Origin: https://{NAME}"]
        sent = _post("/accounts/login/", len(body), *headers, kind="application/x-www-form-urlencoded")
        with secure(port, sent + body) as browser:
            told.append("Too many failed login attempts" in said(browser))
    assert told == [False] * 10 + [True] * 2


@needs_nginx
def test_while_half_of_something_was_sent_many_times_the_site_answers_through_the_proxy(port: int) -> None:
    for half in (_post("/accounts/login/", 1000) + b"x", b"GET / HTTP/1.1\r\nHost", b""):
        slow = [secure(port, half) for _ in range(40)]
        with secure(port, _get("/accounts/login/")) as browser:
            assert status_of(browser) == "HTTP/1.1 200 OK"
        for one in slow:
            one.close()
