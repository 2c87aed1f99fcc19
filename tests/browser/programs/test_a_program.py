"""A vendor's ERP and its files, against the running product with real processes.

An owner makes a token in the browser. The program that docs/api.md shows sends a feed with errors; the receiver of a
signed webhook learns of its end, over a worker that is killed in the middle of telling it; the rows are corrected by
HTTP, and all are live. Then a source on an HTTPS server and one on an SFTP server are fetched on schedule: unchanged
the second time, changed the third, broken the fourth, and a worker that is killed over it fetches nothing twice.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from standardwebhooks.webhooks import Webhook

from config.embedded import processes
from tests.browser.conftest import PASSWORD
from tests.browser.test_signing_in import log_in
from tests.docs.pages import text_of
from tests.feeds import feed, line
from tests.live import Platform, eventually
from tests.servers import https, sftp

pytestmark = pytest.mark.usefixtures("real_processes")
VENDOR, OWNER = "VEND001", "northwind"
WRONG = feed(line(1), line(2, price="free"), line(3))
ROW_SENT = re.compile(r"^2 · price: ", re.MULTILINE)


class Site:
    """The web application of a platform, and its program's token."""

    def __init__(self, platform: Platform, port: int) -> None:
        self.platform, self.url, self.token = platform, f"http://127.0.0.1:{port}", ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the HTTP API, and what it answers."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = Request(f"{self.url}/api/v1/{path}", data, headers, method=method)  # noqa: S310 - our own site
        try:
            with urlopen(asked) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            pytest.fail(f"{error.code} {error.read().decode()}")

    def sql(self, statement: str) -> None:
        """As if something had happened in the database, such as time passing."""
        with psycopg.connect(self.platform.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def site_of(platform: Platform) -> Iterator[Site]:
    port = processes.first_free(0)
    with (platform.folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--workers=1", "--threads=4"],
            cwd=processes.ROOT, env=platform.env | {"SITE_URL": f"http://127.0.0.1:{port}"}, stdout=log, stderr=log,
        )  # fmt: skip

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    try:
        eventually(answers, "the site answers")
        yield Site(platform, port)
    finally:
        for one in [*psutil.Process(web.pid).children(recursive=True), psutil.Process(web.pid)]:
            one.kill()
        web.wait()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[https.Server]:
    """The vendor's own server: its feed lies there, and webhooks are received there."""
    _, chain = https.authority(tmp_path)
    with https.serving(chain) as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, shop: https.Server) -> Iterator[Site]:
    platform = Platform(tmp_path / "platform")
    platform.env |= {
        "OUTGOING_ALLOWED_NETWORKS": https.LOOPBACK, "OUTGOING_CA_FILE": str(tmp_path / "ca.pem"),
        "API_FEEDS_A_MINUTE": "0", "API_CALLS_A_SECOND": "0",
    }  # fmt: skip
    platform.up()
    person = f"User.objects.get(username={OWNER!r})"
    platform.manage(
        "shell",
        "-c",
        f"from django.contrib.auth.models import User; u = {person}; u.set_password({PASSWORD!r}); u.save()",
    )
    try:
        with site_of(platform) as running:
            yield running
    finally:
        platform.end()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto(f"/vendor/{VENDOR}/")
    log_in(page, OWNER)
    expect(page.get_by_role("link", name="Programs", exact=True)).to_be_visible()
    yield page
    context.close()


def test_a_program_sends_mends_and_is_told_and_sources_are_fetched(
    page: Page, site: Site, shop: https.Server, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    site.token = make_token(page)
    feed_id, secret = send(site, shop, tmp_path)
    told_once_more_after_a_kill(site, shop, secret, feed_id)
    mend(site, feed_id)
    with sftp.serving(files) as server:
        add_sources(page, shop, server)
        fetch(site, shop, files)
    expect_runs(page)


# --- a program -------------------------------------------------------------------------------------------------


def make_token(page: Page) -> str:
    page.get_by_role("link", name="Programs", exact=True).click()
    page.get_by_label("Name").fill("ERP, nightly")
    page.get_by_label(re.compile("webhooks:write")).check()
    page.get_by_role("button", name="Make token").click()
    text = page.locator("#token").inner_text()
    assert re.fullmatch(r"vpo_[0-9A-Za-z]{49}", text)
    page.get_by_role("link", name="Programs", exact=True).click()
    expect(page.get_by_text(text)).to_have_count(0)
    return text


def examples(language: str) -> str:
    """The lines of docs/api.md, as people copy them."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", text_of("docs/api.md"), re.DOTALL)
    return str(found)


def send(site: Site, shop: https.Server, folder: Path) -> tuple[str, str]:
    """With the two examples: curl says 202, and Python prints what failed. Who is told can't be reached meanwhile."""
    events = ["feed.completed", "feed.completed_with_errors"]
    hook = site.call("POST", "webhooks", {"url": f"{shop.url}/told", "events": events})
    holding(site, shop)
    path = folder / "feed.csv"
    path.write_text(WRONG)
    env = {**os.environ, "SITE": site.url, "TOKEN": site.token, "FILE": str(path)}
    program = folder / "send.py"
    program.write_text(examples("python"))
    done = subprocess.run([sys.executable, program, path], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.endswith(" completed 2 new, 1 with errors")
    assert ROW_SENT.search("\n".join(rest)), done.stdout
    sent = subprocess.run(["bash", "-c", examples("bash")], env=env, capture_output=True, text=True, check=False)
    assert json.loads(sent.stdout)["state"] == "submitted", sent.stderr
    again = subprocess.run(["bash", "-c", examples("bash")], env=env, capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["id"] == json.loads(sent.stdout)["id"], "sent again with its key, it is one feed"
    return first.split()[0], hook["secret"]


HELD: dict[str, threading.Event] = {}


def holding(site: Site, shop: https.Server) -> None:
    """Until it is let go, the receiver keeps whoever tells it waiting."""
    HELD.update(came=threading.Event(), go=threading.Event())

    def answer(request: BaseHTTPRequestHandler) -> None:
        HELD["came"].set()
        HELD["go"].wait(60)
        https.reply(request)

    shop.answer = answer


def told_once_more_after_a_kill(site: Site, shop: https.Server, secret: str, feed_id: str) -> None:
    """The worker that tells it is killed in the middle: it is told again, with the same ID, signed."""
    assert HELD["came"].wait(60), "the receiver is told"
    site.platform.kill("worker", with_children=True)
    HELD["go"].set()
    site.platform.up()
    site.sql("UPDATE webhook_deliveries SET leased_until = NULL, next_try_at = now() WHERE state = 'pending'")

    def told() -> list[dict[str, Any]]:
        known = [one for one in shop.asked if one.path == "/told"]
        bodies = [Webhook(secret).verify(one.body, {k.lower(): v for k, v in one.headers.items()}) for one in known]
        return [body for body in bodies if body["data"]["feed_id"] == feed_id]

    delivered = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'"
    eventually(lambda: site.platform.rows(delivered) == [(0,)], "all is told")
    found = told()
    assert {body["type"] for body in found} == {"feed.completed_with_errors"}
    ids = [next(v for k, v in one.headers.items() if k.lower() == "webhook-id") for one in shop.asked]
    assert len(set(ids)) < len(ids), "what was told twice has one ID"


def mend(site: Site, feed_id: str) -> None:
    rows = site.call("GET", f"feeds/{feed_id}/rows?outcome=error")["rows"]
    assert [(one["row"], one["problems"][0]["code"]) for one in rows] == [(2, "invalid_price")]
    (answer,) = site.call("PATCH", f"feeds/{feed_id}/rows", {"rows": [{"row": 2, "fields": {"price": "24.90"}}]})[
        "rows"
    ]
    assert answer["outcome"] == "inserted"
    skus = [one["sku"] for one in site.call("GET", "products")["products"]]
    assert skus == ["SKU-1", "SKU-2", "SKU-3"]


# --- sources ---------------------------------------------------------------------------------------------------


def add_sources(page: Page, shop: https.Server, server: sftp.SftpServer) -> None:
    """Both in the browser; of the SFTP server the key is looked at and confirmed."""
    add(page, "Shop", "HTTPS", f"{shop.url}/feed.csv")
    add(page, "Files", "SFTP", f"{server.url}/night.csv", user=sftp.USER, password=sftp.PASSWORD)
    page.get_by_role("button", name="Test").click()
    page.get_by_role("link", name="Look at the server’s key").click(timeout=60_000)
    page.get_by_role("button", name="This is right").click()
    expect(page.get_by_text("The server’s key is confirmed")).to_be_visible()


def add(page: Page, name: str, kind: str, url: str, user: str = "", password: str = "") -> None:
    page.goto(f"/vendor/{VENDOR}/")
    page.get_by_role("link", name="Programs", exact=True).click()
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name=re.compile("Add a source")).first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Over").select_option(label=kind)
    page.get_by_label("Address").fill(url)
    if user:
        page.get_by_label("Signs in with").select_option(label="user and password")
        page.get_by_label(re.compile("^User")).fill(user)
        page.get_by_label(re.compile("^Password")).fill(password)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def fetch(site: Site, shop: https.Server, files: Path) -> None:
    """Four times on schedule: new, unchanged, changed, broken. Over the changed one a worker is killed."""
    content = [feed(line(10)), feed(line(20))]
    serve(shop, content[0], '"1"')
    (files / "night.csv").write_text(content[1])
    scheduled(site)
    eventually(lambda: outcomes(site) == {"Shop": ["fetched"], "Files": ["fetched"]}, "both are fetched")
    eventually(lambda: skus(site) >= {"SKU-10", "SKU-20"}, "what was fetched is live")
    scheduled(site)
    eventually(lambda: outcomes(site) == {"Shop": ["fetched", "unchanged"], "Files": ["fetched", "unchanged"]},
               "neither is fetched again")  # fmt: skip
    before = site.platform.rows("SELECT count(*) FROM upload_history")
    serve(shop, feed(line(11)), '"2"', slow=True)
    (files / "night.csv").write_text(feed(line(20), line(21)))
    os.utime(files / "night.csv", (time.time() + 10, time.time() + 10))
    scheduled(site)
    assert HELD["came"].wait(60), "the changed file is asked for"
    site.platform.kill("worker", with_children=True)
    HELD["go"].set()
    site.platform.up()
    site.sql("UPDATE sources SET leased_until = NULL")
    eventually(lambda: skus(site) >= {"SKU-11", "SKU-21"}, "what has changed is live")
    assert site.platform.rows("SELECT count(*) FROM upload_history") == [(before[0][0] + 2,)], "nothing came twice"
    shop.answer = lambda request: https.reply(request, 500)
    (files / "night.csv").unlink()
    scheduled(site)
    eventually(lambda: {runs[-1] for runs in outcomes(site).values()} == {"failed"}, "it is said that both failed")
    assert skus(site) >= {"SKU-10", "SKU-11", "SKU-20", "SKU-21"}, "the catalog stays"


def serve(shop: https.Server, content: str, etag: str, *, slow: bool = False) -> None:
    HELD.update(came=threading.Event(), go=threading.Event())

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path != "/feed.csv":
            return https.reply(request)
        if request.headers.get("If-None-Match") == etag:
            return https.reply(request, 304, b"")
        HELD["came"].set()
        if slow:
            HELD["go"].wait(60)
        return https.reply(request, body=content.encode(), ETag=etag)

    shop.answer = answer


def scheduled(site: Site) -> None:
    """As if a day had passed, and the moment of the schedule had come."""
    site.sql("UPDATE source_runs SET slot_at = slot_at - interval '1 day'")
    site.sql("UPDATE sources SET next_at = now(), slot_at = slot_at - interval '2 days', tries = 0")


def outcomes(site: Site) -> dict[str, list[str]]:
    """Of each source's scheduled runs what came of them, in order."""
    found: dict[str, list[str]] = {}
    asked = "SELECT s.name, r.outcome FROM source_runs r JOIN sources s ON s.id = r.source_id"
    for name, outcome in site.platform.rows(f"{asked} WHERE r.kind = 'scheduled' ORDER BY r.id"):
        found.setdefault(name, []).append(outcome)
    return found


def skus(site: Site) -> set[str]:
    return {sku for (sku,) in site.platform.rows("SELECT sku FROM products")}


def expect_runs(page: Page) -> None:
    page.goto(f"/vendor/{VENDOR}/")
    page.get_by_role("link", name="Programs", exact=True).click()
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="Shop").click()
    expect(page.get_by_text("127.0.0.1 answered 500.").first).to_be_visible()
