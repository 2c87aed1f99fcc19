"""An outage is said once when it begins and once when it has ended, whoever and however many meet it."""

import logging
import threading
from typing import Any

import pytest
from django.db import OperationalError, connection

from tests.faults.statements import before_statements, failing
from uploads.aws import answers, dynamo, storage
from uploads.keeping import logs, turn
from uploads.models import ServiceOutage
from uploads.work import outages, policies

EXPIRED = dynamo.Unavailable("DynamoDB refuses the credentials: expired. Renew them.")
BEGUN = "Outage of DynamoDB, what needs it waits: DynamoDB refuses the credentials: expired. Renew them."


def as_another_process() -> None:
    outages._met.clear()


def pass_seconds(seconds: float) -> None:
    """As if all that is known of outages were so much longer ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE service_outages SET began_at = began_at - make_interval(secs => %s),"
            " failed_at = failed_at - make_interval(secs => %s), answered_at = answered_at - make_interval(secs => %s)",
            [seconds] * 3,
        )


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines in the log so far, each time they are asked for."""
    return lambda: [record.message for record in caplog.records if record.levelno >= logging.INFO]


def test_who_meets_it_first_says_it_and_all_others_say_nothing(db: None, said: Any) -> None:
    for _ in range(3):
        for _ in range(5):
            outages.met(EXPIRED)
        as_another_process()

    assert said() == [BEGUN]
    assert ServiceOutage.objects.get().reason == str(EXPIRED)


def test_processes_that_meet_it_in_the_same_moment_say_it_once(transactional_db: None, said: Any) -> None:
    start = threading.Barrier(8)

    def meet() -> None:
        start.wait()
        outages.met(EXPIRED)
        connection.close()

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said() == [BEGUN]


def test_it_ends_when_who_met_it_was_answered_and_nobody_missed_it_for_some_seconds(db: None, said: Any) -> None:
    outages.met(EXPIRED)
    pass_seconds(35)
    answers.note(answers.DYNAMODB)
    outages.passed()
    outages.close_over()
    assert said() == [BEGUN], "another request may fail still"
    pass_seconds(outages.CALM_SECONDS + 1)
    for _ in range(2):
        outages.close_over()

    assert said() == [BEGUN, "DynamoDB answers again after 35 s."]


def test_a_service_that_answers_now_and_then_is_one_outage(db: None, said: Any) -> None:
    for _ in range(20):
        outages.met(EXPIRED)
        answers.note(answers.DYNAMODB)
        outages.passed()
        pass_seconds(outages.CALM_SECONDS - 1)
        outages.close_over()

    assert said() == [BEGUN]


def test_work_that_did_not_ask_the_service_is_no_sign_that_it_answers(db: None) -> None:
    answers.note(answers.DYNAMODB)
    outages.met(EXPIRED)
    answers.note(answers.STORAGE)
    outages.passed()

    assert ServiceOutage.objects.get().answered_at is None


def test_an_outage_whose_witness_died_is_closed_when_nobody_has_met_it_for_long(db: None, said: Any) -> None:
    outages.met(EXPIRED)
    pass_seconds(20)
    outages.met(EXPIRED)
    as_another_process()
    answers.note(answers.DYNAMODB)
    outages.passed()
    pass_seconds(outages.FORGOTTEN_SECONDS - 1)
    outages.close_over()
    assert said() == [BEGUN]
    pass_seconds(2)
    outages.close_over()

    assert said() == [BEGUN, "The outage of DynamoDB is taken for over: nobody has met it for 180 s."]


def test_any_process_that_does_the_schedules_tick_looks_out_for_the_end(db: None, said: Any) -> None:
    answers.note(answers.DYNAMODB)
    outages.met(EXPIRED)
    as_another_process()
    outages.close_over()
    outages.passed()
    assert ServiceOutage.objects.get().answered_at is None, "that answer came before"
    answers.note(answers.DYNAMODB)
    outages.passed()
    pass_seconds(outages.CALM_SECONDS + 1)
    outages.close_over()

    assert said() == [BEGUN, "DynamoDB answers again after 0 s."]


def test_the_next_outage_is_said_again(db: None, said: Any) -> None:
    for _ in range(2):
        outages.met(EXPIRED)
        pass_seconds(outages.FORGOTTEN_SECONDS + 1)
        outages.close_over()

    assert said()[::2] == [BEGUN, BEGUN]


def test_each_service_has_its_own(db: None, said: Any) -> None:
    outages.met(EXPIRED)
    outages.met(storage.StorageUnavailable("File storage isn't reachable. Start it."))
    answers.note(answers.STORAGE)
    outages.passed()

    assert said()[1:] == ["Outage of File storage, what needs it waits: File storage isn't reachable. Start it."]
    assert ServiceOutage.objects.get(answered_at=None).service == "DynamoDB"


def test_a_process_that_missed_nothing_asks_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        outages.passed()


def test_postgresql_itself_is_said_once_by_each_process_with_its_remedy(db: None, said: Any) -> None:
    for _ in range(3):
        outages.met(OperationalError("connection refused"))
    with before_statements("service_outages", failing(OperationalError("connection refused"))):
        outages.met(EXPIRED)
    assert said() == ["Outage of PostgreSQL, what needs it waits: connection refused"]
    outages.passed()
    outages.passed()

    assert said()[1:] == ["PostgreSQL answers again after 0 s."]


def test_what_ended_months_ago_is_forgotten_when_the_policy_says_so_and_not_before(db: None) -> None:
    ServiceOutage.objects.create(service="DynamoDB", reason="", ended_at="2020-01-01T00:00:00Z")
    outages.met(EXPIRED)
    pass_seconds(outages.FORGOTTEN_SECONDS + 1)
    outages.close_over()
    assert ServiceOutage.objects.count() == 2
    of_outages = turn.take(policies.OUTAGES, policies.POLICIES[policies.OUTAGES].days)
    assert of_outages is not None
    logs.delete_outages(of_outages)

    assert ServiceOutage.objects.count() == 1
