"""What the admin's lists are asked for in their addresses, whoever wrote it there."""

import pytest
from django.test import Client

from vendors.models import Vendor


@pytest.mark.parametrize(
    "asked",
    [
        "vendors/vendor/?status__exact=%00", "catalog/productcategory/?parent_category=%00",
        "catalog/productcategory/?is_active__exact=%00", "uploads/uploadhistory/?status__exact=%00",
        "uploads/uploadhistory/?vendor=%00", "uploads/uploadhistory/?created_at__gte=%00",
        "uploads/streamshard/?state__exact=%00", "auth/user/?username=%00", "auth/user/?first_name__exact=%00",
        "admin/logentry/?object_id=%00",
    ],
)  # fmt: skip
def test_a_null_character_in_a_filter_is_no_filter_and_no_error_page(
    admin_client: Client, vendor: Vendor, asked: str
) -> None:
    response = admin_client.get(f"/admin/{asked}")
    assert response.status_code in (302, 400, 404)


def test_a_null_character_that_is_searched_for_is_said(admin_client: Client, vendor: Vendor) -> None:
    response = admin_client.get("/admin/vendors/vendor/?q=%00", follow=True)
    assert "Null characters are not allowed." in response.content.decode()
