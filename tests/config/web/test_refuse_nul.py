"""Addresses that nothing of ours has."""

import pytest
from django.test import Client

from vendors.models import Vendor


@pytest.mark.parametrize(
    "address",
    ["/vendor/%00/", "/admin/uploads/uploadhistory/%00/undo/", "/admin/vendors/vendor/V%00/approve/", "/%00"],
)
def test_an_address_with_a_null_character_is_refused(admin_client: Client, vendor: Vendor, address: str) -> None:
    assert admin_client.get(address).status_code == 400
    assert admin_client.post(address).status_code == 400
