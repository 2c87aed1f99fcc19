"""What sources and webhooks keep secret stays readable when SECRET_KEY is changed as docs/security.md says."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from security import at_rest
from tests.uploads.sources.sites import add_source
from uploads.models import Source
from uploads.sources import secrets
from vendors.models import Vendor, Webhook


def test_all_that_is_encrypted_is_encrypted_anew_and_what_no_key_opens_is_said(
    vendor: Vendor, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    source, _ = add_source(vendor), add_source(vendor, name="without")
    secrets.put(source, password="kW9")
    source.save()
    hook = Webhook.objects.create(vendor=vendor, url="https://erp.example", secret=at_rest.encrypt("whsec"), events=[])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, [settings.SECRET_KEY]
    call_command("encrypt_factors")
    assert "2 rows of webhooks and sources encrypted" in capsys.readouterr().out
    settings.SECRET_KEY_FALLBACKS = []
    source.refresh_from_db()
    hook.refresh_from_db()
    assert secrets.of(source) == {"password": "kW9"}
    assert (at_rest.decrypt(hook.secret), hook.secret_before) == ("whsec", "")

    settings.SECRET_KEY = "a third key " * 5
    before = source.secret
    with pytest.raises(CommandError, match="2 rows of webhooks and sources can't be read"):
        call_command("encrypt_factors")
    assert Source.objects.get(name="Night feed").secret == before
