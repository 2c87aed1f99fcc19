"""The admin's lists are filtered by what they offer. An address that asks for more gets the list as it is, and a
sentence; it never gets an answer about a column that isn't shown, and never an error of the database.

All admins that are registered are walked, those of other packages too: one that is added is tested without a change.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

import config.urls  # noqa: F401 - registers the last of the admins
from config.back_office.site import UNFILTERED
from uploads.models import UploadHistory, ValidationError
from vendors.models import Vendor

# What would be worth guessing at, on whatever table it hangs.
SECRET = {"password", "data", "token_hash", "session_key", "session_data"}
GUESSES = ["startswith", "regex", "iregex", "contains", "gt", "in", "exact", "isnull"]


def listed(model: type[models.Model], page: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


def columns(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """The paths from a table to each column of its own and of those it hangs together with, in both directions."""
    for field in model._meta.get_fields():
        name = field.name  # of the way back, the name that queries know it by
        if field.is_relation:
            if depth and isinstance(field.related_model, type) and issubclass(field.related_model, models.Model):
                yield from (f"{name}__{path}" for path in columns(field.related_model, depth - 1))
        else:
            yield name


def foreign(model: type[models.Model], model_admin: Any) -> Iterator[str]:
    """Lookups that none of the list's filters offers: all of secrets, of other columns near by two."""
    for path in columns(model):
        secret = path.rpartition("__")[2] in SECRET
        kinds = GUESSES if secret else ["startswith", "regex"] if path.count("__") < 2 else []
        yield from (f"{path}__{kind}" for kind in kinds)


MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def test_all_tables_of_the_admin_are_asked() -> None:
    assert {User, Authenticator, Vendor, UploadHistory} <= set(MODELS)
    assert "data__startswith" in set(foreign(Authenticator, None))
    assert "authenticator__data__startswith" in set(foreign(User, None))
    assert "user__password__startswith" in set(foreign(Authenticator, None))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_list_answers_what_it_does_not_offer(
    model: type[models.Model], admin_client: Client, admin_user: User
) -> None:
    """The list's own view is asked: sessions and what else stands before it are the same for all of a thousand."""
    model_admin, address = admin.site._registry[model], listed(model)
    view, answered = resolve(address).func, []
    for lookup in foreign(model, model_admin):
        request = RequestFactory().get(address, {lookup: "("})
        request.user = admin_user
        response = view(request)
        if response.status_code != 302 or response.headers["Location"] != f"{address}?e=1":
            answered.append((lookup, response.status_code))
    assert answered == []
    text = admin_client.get(f"{address}?e=1", follow=True).content.decode()
    assert UNFILTERED.split(":")[0].replace("'", "&#x27;") in text


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_filter_that_a_list_offers_works(model: type[models.Model], admin_client: Client) -> None:
    found = admin_client.get(listed(model)).context["cl"]
    for spec in found.filter_specs:
        for choice in spec.choices(found):
            query = choice.get("query_string", "?")
            assert admin_client.get(f"{listed(model)}{query}").status_code == 200, query


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_list_searches_or_sorts_by_a_secret(model: type[models.Model], admin_client: Client) -> None:
    model_admin = admin.site._registry[model]
    by = [*model_admin.search_fields, *map(str, model_admin.list_display), *map(str, model_admin.list_filter)]
    assert {path for path in by for part in path.split("__") if part in SECRET} == set()


def test_a_secret_cannot_be_told_from_the_length_of_a_list(admin_client: Client, admin_user: User) -> None:
    Authenticator.objects.create(user=admin_user, type="totp", data={"secret": "ABC"})
    for guess in ("A", "B"):
        for lookup in ("data__secret__startswith", "data__secret__0", "data__has_key", "data"):
            response = admin_client.get(listed(Authenticator), {lookup: guess}, follow=True)
            assert response.context["cl"].result_count == 1, (lookup, guess)


BROKEN = {
    "error_message__regex": "(",
    "nothing": "x",
    "nothing__at__all": "x",
    "vendor__members__user__password__startswith": "p",
    "upload__vendor__pk": "V1",
    "pk__in": "1,2",
    "_changelist_filters": "x",
}


@pytest.mark.parametrize("lookup", BROKEN)
@pytest.mark.parametrize("page", ["changelist", "export"])
def test_what_a_list_does_not_know_ends_on_it_with_a_sentence(admin_client: Client, lookup: str, page: str) -> None:
    response = admin_client.get(listed(ValidationError, page), {lookup: BROKEN[lookup]}, follow=True)
    assert response.status_code == 200
    if page == "changelist" or lookup != "_changelist_filters":  # which export pages carry, and don't filter by
        assert UNFILTERED.replace("'", "&#x27;") in response.content.decode()
        assert response.redirect_chain[-1][0] == listed(ValidationError)


CALENDAR: list[dict[str, str]] = [
    {"created_at__year": "x"},
    {"created_at__year": "0"},
    {"created_at__year": "9999", "created_at__month": "12"},
    {"created_at__year": "9999"},
    {"created_at__year": "2024", "created_at__month": "13"},
    {"created_at__gte": "yesterday"},
    {"created_at__month": "2"},
    {"status__exact": "x" * 10_000},
    {"status__isnull": "perhaps"},
    {"vendor": json.dumps({"a": 1})},
    {"e": "1", "created_at__year": "x"},
]


@pytest.mark.parametrize("asked", CALENDAR, ids=str)
def test_nor_is_a_value_that_does_not_fit_an_error(admin_client: Client, asked: dict[str, str]) -> None:
    assert admin_client.get(listed(UploadHistory), asked, follow=True).status_code == 200


def test_a_day_of_the_calendar_is_offered(admin_client: Client, vendor: Vendor) -> None:
    UploadHistory.objects.create(upload_id="U1", vendor=vendor, file_name="f.csv")
    days = {"created_at__year": "2001", "created_at__month": "2", "created_at__day": "3"}
    assert admin_client.get(listed(UploadHistory), days).context["cl"].result_count == 0
