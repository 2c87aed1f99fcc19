"""Sources that are fetched on schedule: each slot once, whoever dies when, and what follows if it fails."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.db.models import F
from django.utils import timezone

from tests.uploads.sources.sites import ED25519, ROWS, Site, add_source
from uploads import tasks
from uploads.aws import storage
from uploads.models import Feed, Source, SourceRun, UpkeepStep
from uploads.pipeline import receive
from uploads.programs import feeds
from uploads.sources import changes, claims, host_keys, run
from uploads.sources.fetch import FetchFailed, Unchanged
from uploads.work import steps, wakeups
from vendors.models import Vendor, VendorMember, Webhook, WebhookDelivery

DOWN = FetchFailed("unreachable", "shop.example doesn't answer.", again=True)
CLOSED = FetchFailed("unauthorized", "shop.example refuses the password.", again=False)
FOREIGN = FetchFailed("host_key_changed", "The server's key is another one.", again=False)


def again(source: Source, **facts: Any) -> Source:
    """The same source, due once more."""
    source.refresh_from_db()
    for name, value in ({"next_at": timezone.now()} | facts).items():
        setattr(source, name, value)
    source.save()
    return source


def next_slot(source: Source) -> Source:
    """A day has gone by since."""
    source.refresh_from_db()
    day = timedelta(days=1)
    source.runs.update(slot_at=F("slot_at") - day)
    since = source.failing_since and source.failing_since - day
    return again(source, slot_at=timezone.now() - day, failing_since=since)


def outcomes(source: Source) -> list[tuple[str, str]]:
    return [(one.outcome, one.code) for one in source.runs.order_by("pk")]


@pytest.fixture
def owner(vendor: Vendor) -> User:
    user = User.objects.create_user("olga", "olga@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


@pytest.fixture
def events(vendor: Vendor) -> Any:
    hook = Webhook.objects.create(vendor=vendor, url="https://erp.example", secret="", events=Webhook.Event.values)
    return lambda: list(WebhookDelivery.objects.filter(webhook=hook).order_by("pk").values_list("event", flat=True))


def test_a_file_becomes_one_feed_and_the_same_file_none(site: Site, source: Source, woken: list[Any]) -> None:
    tasks.fetch_sources()
    feed = Feed.objects.get()
    assert (feed.source_id, feed.vendor_id, feed.size, feed.state) == (source.pk, "VEND001", len(ROWS), "submitted")
    assert woken.count((wakeups.FETCH_SOURCES,)) == 2
    first = source.runs.get()
    assert (first.outcome, first.feed_id, first.size, first.sha256) == ("fetched", feed.pk, len(ROWS), feed.sha256)
    source.refresh_from_db()
    assert source.next_at == source.slot_at
    assert source.next_at is not None
    assert source.next_at > timezone.now()
    assert source.leased_until is None
    assert UpkeepStep.objects.get(name=steps.FETCH_SOURCES).well_at

    assert not run.fetch_next(), "it isn't due"
    site.answers = [ROWS, Unchanged(), ROWS + b"P-2,Pot,K-2,9.90,Kitchen,1\n"]
    for _ in range(3):
        next_slot(source)
        assert run.fetch_next()
    assert outcomes(source) == [("fetched", ""), ("unchanged", ""), ("unchanged", ""), ("fetched", "")]
    assert site.asked[1].sha256 == site.asked[2].sha256 == first.sha256
    assert site.asked[1].etag
    assert Feed.objects.count() == 2


def test_what_was_missed_is_caught_up_once_as_the_latest(site: Site, source: Source) -> None:
    again(source, every="hour", slot_at=timezone.now() - timedelta(days=9), next_at=timezone.now() - timedelta(days=9))
    assert run.fetch_next()
    assert not run.fetch_next()
    (only,) = source.runs.all()
    assert only.slot_at
    assert timedelta() <= timezone.now() - only.slot_at <= timedelta(hours=1)


def test_a_slot_is_tried_four_times_then_the_next_one_goes_on(site: Site, source: Source, events: Any) -> None:
    site.answers, waits = [DOWN], list[float]()
    again(source, slot_at=timezone.now() - timedelta(seconds=5), **hour_from_now())
    for _ in range(4):
        assert run.fetch_next()
        assert not run.fetch_next()
        source.refresh_from_db()
        assert source.next_at
        waits.append(round((source.next_at - timezone.now()).total_seconds() / 60))
        again(source)
    assert waits[:3] == [1, 5, 15]
    assert waits[3] > 20
    assert [one.tries for one in source.runs.order_by("pk")] == [1, 2, 3, 4]
    assert (source.failures, events(), Feed.objects.count()) == (1, ["source.failed"], 0)

    site.answers = [ROWS]
    next_slot(source)
    assert run.fetch_next()
    source.refresh_from_db()
    assert (source.failures, source.failing_since, source.tries) == (0, None, 0)


def hour_from_now() -> dict[str, int]:
    """A time of the day that doesn't come soon."""
    soon = timezone.now() + timedelta(hours=12)
    return {"hour": soon.hour, "minute": soon.minute}


def test_three_failed_slots_are_mailed_once_and_a_week_of_them_disables(
    site: Site, source: Source, owner: User, events: Any, django_capture_on_commit_callbacks: Any
) -> None:
    site.answers = [CLOSED]
    for day in range(9):
        with django_capture_on_commit_callbacks(execute=True):
            fetched = run.fetch_next()
        assert fetched == (day < 8), "then it is disabled"
        assert len(mail.outbox) == {0: 0, 1: 0, 7: 2, 8: 2}.get(day, 1)
        source.refresh_from_db()
        if source.state == "active":
            next_slot(source)
    assert mail.outbox[0].to == ["olga@northwind.example"]
    assert "three times in a row" in mail.outbox[0].subject
    assert "isn't fetched any more" in mail.outbox[1].subject
    assert "refuses the password" in mail.outbox[1].body
    assert f"/vendor/VEND001/sources/{source.pk}/" in mail.outbox[1].body
    assert (source.state, source.next_at) == ("disabled", None)
    assert "for a week" in source.state_reason
    assert events() == ["source.failed"] * 8 + ["source.disabled"]

    changes.go_on(source, owner)
    source.refresh_from_db()
    assert (source.state, source.failures, source.failing_since) == ("active", 0, None)


def test_another_host_key_pauses_at_once_and_goes_on_when_a_person_confirms_it(
    site: Site, vendor: Vendor, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    unknown = add_source(vendor, kind="sftp", url="sftp://files.example/feed.csv")
    assert not run.fetch_next(), "nobody has confirmed whose server it is"
    again(unknown, host_key="ssh-ed25519 AAAA")
    FOREIGN.host_key = ED25519
    site.answers = [FOREIGN]
    with django_capture_on_commit_callbacks(execute=True):
        assert run.fetch_next()
        assert not run.fetch_next()
    unknown.refresh_from_db()
    assert (unknown.state, unknown.host_key, unknown.host_key_met) == ("paused", "ssh-ed25519 AAAA", ED25519)
    assert "another key" in mail.outbox[0].subject

    with pytest.raises(changes.NotPossible, match="Confirm the server's key"):
        changes.go_on(unknown, owner)
    with pytest.raises(changes.NotPossible, match="another key since"):
        changes.confirm_host_key(unknown, "SHA256:other", owner)
    changes.confirm_host_key(unknown, host_keys.fingerprint(ED25519), owner)
    changes.go_on(unknown, owner)
    assert Source.objects.get(state="active").host_key == ED25519


def test_nothing_is_fetched_for_a_vendor_that_is_not_active(site: Site, source: Source, vendor: Vendor) -> None:
    def suspended() -> bytes:
        Vendor.objects.update(status="suspended")
        return ROWS

    Vendor.objects.update(status="suspended")
    assert not run.fetch_next()
    assert not site.asked
    with pytest.raises(changes.NotPossible, match="suspended"):
        changes.ask(Source.objects.get(), "asked", User.objects.create_user("o"))
    SourceRun.objects.create(source=source, kind="asked", tries=0)
    assert run.fetch_next()
    assert outcomes(source) == [("failed", "vendor_not_active")]
    assert not site.asked


@pytest.mark.parametrize("where", ["announce_feed", "put_file", "submit"])
def test_who_is_killed_between_fetch_and_commit_leaves_a_slot_that_makes_one_feed(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(feeds, where, killed)
        with pytest.raises(Killed):
            run.fetch_next()
    assert not run.fetch_next(), "its lease is good for a while"
    assert not Feed.objects.filter(state="submitted").exists()
    assert outcomes(source) == [("running", "")]

    Source.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert run.fetch_next()
    assert not run.fetch_next()
    assert outcomes(source) == [("failed", "interrupted"), ("fetched", "")]
    assert Feed.objects.filter(state="submitted").count() == 1


def test_who_was_overtaken_says_nothing_any_more(site: Site, source: Source) -> None:
    def overtaken() -> bytes:
        Source.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        site.answers = [ROWS]
        assert run.fetch_next()
        return ROWS + b"P-9,Late,K-9,1.00,Kitchen,1\n"

    site.answers = [overtaken]
    assert run.fetch_next()
    assert outcomes(source) == [("failed", "interrupted"), ("fetched", "")]
    assert [feed.size for feed in Feed.objects.all()] == [len(ROWS)]


def test_a_slot_that_kills_whoever_is_at_it_is_given_up(site: Site, source: Source) -> None:
    again(source, slot_at=timezone.now(), tries=4, **hour_from_now())
    assert run.fetch_next()
    assert not site.asked
    source.refresh_from_db()
    assert outcomes(source) == [("failed", "interrupted")]
    assert (source.failures, source.tries) == (1, 0)


def test_something_of_ours_that_is_away_uses_up_no_try(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise storage.StorageUnavailable("no route")

    monkeypatch.setattr(feeds, "put_file", away)
    tasks.fetch_sources()
    source.refresh_from_db()
    assert outcomes(source) == [("failed", "unavailable")]
    assert (source.tries, source.failures) == (0, 0)
    assert source.next_at
    assert source.next_at > timezone.now()
    assert not Feed.objects.exists()

    monkeypatch.setattr(feeds, "put_file", lambda *_: 1 / 0)
    again(source)
    tasks.fetch_sources()
    assert outcomes(source)[1:] == [("failed", "internal_error")]
    assert "ZeroDivisionError" in UpkeepStep.objects.get(name=steps.FETCH_SOURCES).failure


def test_too_many_files_under_way_is_tried_later_within_the_slot(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(feed: Feed) -> None:
        raise feeds.FeedRefused(receive.TOO_MANY, "VEND001 has 20 files under way.")

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "submit", full)
        assert run.fetch_next()
    source.refresh_from_db()
    assert outcomes(source) == [("failed", receive.TOO_MANY)]
    assert not Feed.objects.exists()
    assert not source.sha256
    again(source)
    assert run.fetch_next()
    assert Feed.objects.get().state == "submitted"


def test_few_are_fetched_at_once_and_one_of_a_vendor(
    site: Site, source: Source, vendor: Vendor, other_vendor: Vendor
) -> None:
    third = Vendor.objects.create(vendor_id="VEND003", vendor_name="Third", email="third@third.example")
    for one in (vendor, other_vendor, third):
        add_source(one, name="Another", next_at=timezone.now())
    first, second = claims.take(), claims.take()
    assert first
    assert second
    assert (first.source.vendor_id, second.source.vendor_id) == ("VEND001", "VEND002")
    assert claims.take() is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_moment_fetch_a_slot_once(site: Site, source: Source) -> None:
    start, fetched = threading.Barrier(4), list[bool]()

    def work() -> None:
        start.wait()
        fetched.append(run.fetch_next())
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(fetched) == [False, False, False, True]
    assert len(site.asked) == 1
    assert Feed.objects.count() == SourceRun.objects.count() == 1


def test_what_people_ask_for_is_fetched_beside_the_schedule(site: Site, source: Source, owner: User) -> None:
    again(source, next_at=timezone.now() + timedelta(hours=1), state="paused")
    first = changes.ask(source, "asked", owner)
    assert changes.ask(source, "asked", owner) == first
    assert run.fetch_next()
    assert not run.fetch_next()
    assert Feed.objects.count() == 1
    assert outcomes(source) == [("fetched", "")]

    changes.ask(source, "asked", owner)
    assert run.fetch_next()
    assert outcomes(source)[1:] == [("unchanged", "")]
    Feed.objects.update(state="failed")
    changes.ask(source, "asked", owner)
    assert run.fetch_next()
    assert outcomes(source)[2:] == [("fetched", "")], "it may be importable by now"

    test = changes.ask(source, "test", owner)
    assert run.fetch_next()
    test.refresh_from_db()
    assert (test.outcome, test.feed, Feed.objects.count()) == ("fetched", None, 2)
    assert test.preview
    site.answers = [b"nothing that is a feed"]
    broken = changes.ask(source, "test", owner)
    assert run.fetch_next()
    broken.refresh_from_db()
    assert broken.outcome == "failed"
    assert broken.message.startswith("The file was fetched, but can't be imported")

    SourceRun.objects.bulk_create(SourceRun(source=source, kind="test", outcome="failed") for _ in range(20))
    with pytest.raises(changes.NotPossible, match="20 times within an hour"):
        changes.ask(source, "asked", owner)


def test_a_source_that_is_changed_while_it_is_fetched_takes_nothing_from_the_old_place(
    site: Site, source: Source, owner: User
) -> None:
    def moved() -> bytes:
        now = Source.objects.get(pk=source.pk)
        now.url = "https://elsewhere.example/feed.csv"
        changes.save(now, {"url"}, "", owner)
        return ROWS

    site.answers = [moved]
    assert run.fetch_next()
    assert not Feed.objects.exists()
    assert not run.fetch_next()
    assert outcomes(source) == [("failed", "interrupted")]
