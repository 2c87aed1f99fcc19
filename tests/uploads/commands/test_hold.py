"""Vendors are held back, and go on, by the command line."""

import io

import pytest
from django.core.management import CommandError, call_command

from vendors.models import Vendor, VendorHold


def hold(*arguments: str) -> str:
    out = io.StringIO()
    call_command("hold", *arguments, stdout=out)
    return out.getvalue()


def test_feeds_are_paused_listed_and_resumed(vendor: Vendor) -> None:
    assert hold("list") == ""
    assert "are paused" in hold("pause", "VEND001", "--reason", "Prices fell.")
    assert "Prices fell" in hold("list")
    with pytest.raises(CommandError, match="paused already"):
        hold("pause", "VEND001", "--reason", "Again.")
    assert "go on" in hold("resume", "VEND001")
    with pytest.raises(CommandError, match="aren't paused"):
        hold("resume", "VEND001")


def test_without_a_reason_or_a_vendor_nothing_is_paused(vendor: Vendor) -> None:
    with pytest.raises(CommandError, match="Say why"):
        hold("pause", "VEND001")
    with pytest.raises(CommandError, match="There is no vendor V9"):
        hold("pause", "V9", "--reason", "x")
    with pytest.raises(CommandError, match="Say which vendor"):
        hold("resume")
    assert not VendorHold.objects.exists()


@pytest.mark.parametrize(("what", "how"), [("let-through", "confirmed"), ("refuse", "refused")])
def test_records_that_wait_are_answered_for(vendor: Vendor, what: str, how: str) -> None:
    with pytest.raises(CommandError, match="No records of VEND001 wait"):
        hold(what, "VEND001")
    VendorHold.objects.create(vendor=vendor, kind="window", reason="40 stocks fall to 0")
    assert "40 stocks fall to 0." in hold(what, "VEND001")
    assert VendorHold.objects.get().ended_how == how
