"""The admin in the place of Django's, and the app that keeps what people keep of its lists."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """In the place of django.contrib.admin among the apps."""

    default_site = "config.back_office.site.StaffSite"


class BackOfficeConfig(AppConfig):
    """Saved views and chosen columns."""

    name = "config.back_office"
    label = "back_office"
