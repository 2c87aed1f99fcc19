"""Where pages live."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from uploads import dashboard_pages

admin.site.site_header = "Vendor onboarding"
admin.site.site_title = "Vendor onboarding"
admin.site.index_title = "Operations"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/dashboard/", admin.site.admin_view(dashboard_pages.live_view), name="dashboard_live"),
    path("admin/", admin.site.urls),
]
