"""Deliveries of webhooks: signed, tried again as promised, at least once, and no receiver holds up others."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import standardwebhooks
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config.outgoing import http
from security.models import SecurityEvent
from tests.servers.https import LOOPBACK, Server, reply, serving
from vendors.models import Vendor, VendorMember, Webhook, WebhookAttempt, WebhookDelivery
from vendors.webhooks import deliver, make, sign
from vendors.webhooks.announce import announce


@pytest.fixture
def receiver(settings: Any) -> Iterator[Server]:
    settings.OUTGOING_PLAIN_HTTP, settings.OUTGOING_ALLOWED_NETWORKS = True, [LOOPBACK]
    cache.delete(deliver.TURN)
    with serving() as server:
        yield server


@pytest.fixture
def webhook(vendor: Vendor, receiver: Server) -> Webhook:
    return make.add(vendor, f"{receiver.url}/told", Webhook.Event.values)[0]


def happened(vendor_id: str = "VEND001", event: str = "feed.completed", **data: Any) -> None:
    with transaction.atomic():
        announce(vendor_id, event, {"feed_id": "UPLOAD_1", **data})


def due() -> None:
    WebhookDelivery.objects.filter(state="pending").update(next_try_at=Now())


def one() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: reply(request, status, body, **headers)


def test_what_happened_is_sent_once_and_its_signature_holds(vendor: Vendor, receiver: Server) -> None:
    webhook, secret = make.add(vendor, f"{receiver.url}/told?key=1", ["feed.completed"])
    assert secret.startswith("whsec_")
    assert secret not in str(Webhook.objects.values())
    happened(file_name="Lämpchen.csv")
    happened(event="feed.failed")
    deliver.go_on()
    deliver.go_on()
    (asked,) = receiver.asked
    assert (asked.method, asked.path, asked.headers["Content-Type"]) == ("POST", "/told?key=1", "application/json")
    told = standardwebhooks.Webhook(secret).verify(asked.body, asked.headers)
    assert (told["type"], told["data"]) == ("feed.completed", {"feed_id": "UPLOAD_1", "file_name": "Lämpchen.csv"})
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(sign.new_secret()).verify(asked.body, asked.headers)
    delivery = one()
    assert (delivery.state, delivery.tries, delivery.message_id) == ("delivered", 1, asked.headers["webhook-id"])
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.answer, attempt.error) == (200, "ok", "")
    assert asked.headers["webhook-signature"] not in str(attempt.request_headers)
    assert not webhook.failing_since


def test_while_a_secret_is_changed_both_hold_for_a_day(webhook: Webhook, receiver: Server) -> None:
    first = sign._good(webhook)[0]
    second = make.renew_secret(webhook)
    happened()
    deliver.go_on()
    for secret in (first, second):
        standardwebhooks.Webhook(secret).verify(receiver.asked[0].body, receiver.asked[0].headers)
    Webhook.objects.update(secret_before_until=timezone.now())
    happened()
    deliver.go_on()
    standardwebhooks.Webhook(second).verify(receiver.asked[1].body, receiver.asked[1].headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(first).verify(receiver.asked[1].body, receiver.asked[1].headers)


def test_what_isnt_taken_is_tried_again_as_promised_and_then_given_up(webhook: Webhook, receiver: Server) -> None:
    receiver.answer = answering(500, b"no\x00t now \xff" + b"x" * 5000)
    happened()
    waits = []
    for _ in range(len(deliver.WAITS)):
        due()
        deliver.go_on()
        delivery = one()
        assert delivery.state == "pending"
        assert delivery.next_try_at
        waits.append((delivery.next_try_at - timezone.now()).total_seconds())
        assert not deliver.go_on(), "it isn't due yet"
    for waited, promised in zip(waits, (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400), strict=True):
        assert promised * 0.9 - 3 < waited < promised * 1.1
    due()
    deliver.go_on()
    assert (one().state, one().tries, one().next_try_at) == ("failed", 10, None)
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {one().message_id}
    assert len(receiver.asked) == WebhookAttempt.objects.count() == 10
    answer = WebhookAttempt.objects.filter(status=500)[0].answer
    assert (answer[:10], len(answer)) == ("no\ufffdt now \ufffd", 1000)

    receiver.answer = answering(204)
    make.send_again(one())
    deliver.go_on()
    assert (one().state, one().tries) == ("delivered", 1)
    assert receiver.asked[-1].headers["webhook-id"] == one().message_id
    webhook.refresh_from_db()
    assert webhook.failing_since is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1/", "can't be reached"),
        ("http://no-such-host.invalid/", "no host"),
        ("http://10.0.0.1/", "inside of a network"),
    ],
)
def test_an_address_that_cant_be_called_is_a_try_that_says_why(
    webhook: Webhook, receiver: Server, url: str, says: str
) -> None:
    Webhook.objects.update(url=url)
    happened()
    deliver.go_on()
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, one().state) == (None, "pending")
    assert says in attempt.error


def test_a_redirect_is_followed_nowhere(webhook: Webhook, receiver: Server) -> None:
    receiver.answer = answering(302, Location=f"{receiver.url}/elsewhere")
    happened()
    deliver.go_on()
    assert [asked.path for asked in receiver.asked] == ["/told"]
    assert (WebhookAttempt.objects.get().status, one().state) == (302, "pending")


def test_whoever_takes_too_long_is_hung_up_on(
    webhook: Webhook, receiver: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "TRY_SECONDS", 0.2)
    over = threading.Event()
    receiver.answer = lambda request: (over.wait(20), None)[1]
    happened()
    deliver.go_on()
    over.set()
    assert "longer than it may" in WebhookAttempt.objects.get().error


def test_an_answer_without_an_end_is_read_for_its_beginning(webhook: Webhook, receiver: Server) -> None:
    receiver.answer = answering(200, b"z" * 3_000_000)
    happened()
    deliver.go_on()
    assert (one().state, len(WebhookAttempt.objects.get().answer)) == ("delivered", 1000)


def test_an_address_that_is_gone_is_told_of_nothing_any_more_and_its_owners_know(
    webhook: Webhook, receiver: Server, django_capture_on_commit_callbacks: Any
) -> None:
    owner = User.objects.create_user("mia", "mia@northwind.example")
    VendorMember.objects.create(vendor=webhook.vendor, user=owner, role="owner")
    receiver.answer = answering(410)
    happened()
    happened()
    with django_capture_on_commit_callbacks(execute=True):
        deliver.go_on()
    happened()
    deliver.go_on()
    assert len(receiver.asked) == 1
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"failed"}
    webhook.refresh_from_db()
    assert "410" in webhook.disabled_reason
    assert [(sent.to, "is disabled" in sent.subject) for sent in mail.outbox] == [(["mia@northwind.example"], True)]
    assert "410" in SecurityEvent.objects.filter(what="webhook_changed").latest("id").detail
    with pytest.raises(make.NotPossible, match="Enable it first"):
        make.send_again(WebhookDelivery.objects.all()[0])
    assert make.enable(webhook)
    receiver.answer = answering(200)
    happened()
    deliver.go_on()
    assert len(receiver.asked) == 2


def test_three_days_without_one_that_was_taken_disable_a_webhook(webhook: Webhook, receiver: Server) -> None:
    receiver.answer = answering(503)
    happened()
    deliver.go_on()
    for ago, disabled in ((timedelta(days=2, hours=23), False), (timedelta(days=3, hours=1), True)):
        Webhook.objects.update(failing_since=timezone.now() - ago)
        due()
        deliver.go_on()
        webhook.refresh_from_db()
        assert bool(webhook.disabled_at) is disabled
    assert "three days" in webhook.disabled_reason


def test_what_a_killed_worker_was_at_is_sent_again_under_its_id(webhook: Webhook, receiver: Server) -> None:
    happened()
    (taken,) = deliver.claim(5)
    tried = deliver.call(taken)
    assert deliver.claim(5) == [], "somebody is at it"
    WebhookDelivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    deliver.go_on()
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {taken.message_id}
    assert (len(receiver.asked), one().state) == (2, "delivered")
    deliver.settle(taken, tried)
    assert (WebhookAttempt.objects.count(), one().tries) == (1, 1), "who lost the lease notes nothing"


def test_of_one_webhook_one_is_sent_at_a_time_and_vendors_take_turns(
    webhook: Webhook, other_vendor: Vendor, receiver: Server
) -> None:
    for _ in range(2):
        make.add(webhook.vendor, receiver.url, ["feed.completed"])
    theirs = make.add(other_vendor, receiver.url, ["feed.completed"])[0]
    Webhook.objects.filter(pk=theirs.pk).update(failing_since=Now())
    for _ in range(3):
        happened()
    happened("VEND002")
    begun: list[WebhookDelivery] = []
    while more := deliver._more(begun):
        begun += more
    counted = Counter(one.webhook.vendor_id for one in begun)
    assert counted == {"VEND001": deliver.OF_ONE_VENDOR, "VEND002": 1}
    assert len({one.webhook_id for one in begun}) == len(begun)


def test_a_slow_receiver_holds_up_nobody_else(webhook: Webhook, other_vendor: Vendor, receiver: Server) -> None:
    make.add(other_vendor, f"{receiver.url}/quick", ["feed.completed"])
    quick = threading.Semaphore(0)

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/told":
            for _ in range(3):
                assert quick.acquire(timeout=20)
        else:
            quick.release()
        reply(request)

    receiver.answer = answer
    happened()
    for _ in range(3):
        happened("VEND002")
    deliver.go_on()
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert cache.get(deliver.TURN) is None


def test_a_fault_of_ours_is_a_try_like_another(
    webhook: Webhook, receiver: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr(http, "request", broken)
    happened()
    deliver.go_on()
    assert (one().state, one().tries) == ("pending", 1)
    assert "went wrong here" in WebhookAttempt.objects.get().error


def test_a_secret_that_cant_be_read_is_said(webhook: Webhook, receiver: Server, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    happened()
    deliver.go_on()
    assert "Make a new secret" in WebhookAttempt.objects.get().error
    assert receiver.asked == []


def test_a_test_says_that_it_is_one_whatever_events_are_wanted(vendor: Vendor, receiver: Server) -> None:
    webhook, _ = make.add(vendor, receiver.url, ["feed.held"])
    make.test(webhook)
    deliver.go_on()
    assert json.loads(receiver.asked[0].body)["type"] == "test"


@pytest.mark.django_db(transaction=True)
def test_a_webhook_can_be_deleted_while_a_try_is_noted(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    happened()
    failures: list[Exception] = []

    def delete() -> None:
        try:
            make.delete(webhook)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    thread, as_before = threading.Thread(target=delete), deliver._next

    def meanwhile(*arguments: Any) -> Any:
        thread.start()
        with connection.cursor() as cursor:
            while True:  # until it waits for this transaction
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone() == (1,):
                    return as_before(*arguments)
                assert thread.is_alive(), "it didn't wait"

    monkeypatch.setattr(deliver, "_next", meanwhile)
    deliver.settle(one(), deliver.Tried({}, status=200))
    thread.join()
    assert failures == []
    assert not Webhook.objects.exists()
