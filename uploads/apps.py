"""The uploads, what of them the security log tells, and what has to be right about their settings."""

from django.apps import AppConfig
from django.core.checks import register


class UploadsConfig(AppConfig):
    name = "uploads"
    verbose_name = "Uploads"

    def ready(self) -> None:
        from security import at_rest  # the models are there only now
        from security.models import Kind  # the models are there only now
        from security.watched import Watched, watch  # the same
        from uploads.models import RememberedReading, ValueRule  # the same
        from uploads.work.policies import days_are_possible  # the same

        register(days_are_possible)
        at_rest.keeps("uploads.Source", "secret")

        rule = ("field", "wrong_value", "right_value")
        watch(Watched(ValueRule, Kind.SETTING_CHANGED, rule, lambda row: str(row.pk), lambda row: row.vendor_id or ""))
        reading = ("columns", "answers", "file_name")
        watch(
            Watched(
                RememberedReading, Kind.SETTING_CHANGED, reading, lambda row: str(row.pk), lambda row: row.vendor_id
            )
        )
