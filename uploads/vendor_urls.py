"""The vendors' own pages: all addresses below /vendor/<vendor_id>/, whatever app their views are in.

Each view is guarded by vendors.access.vendor_page; tests/test_isolation.py asks each for what is another vendor's.
"""

from django.urls import path

from uploads import vendor_pages

app_name = "vendor"

urlpatterns = [
    path("", vendor_pages.home, name="home"),
]
