"""What became of each record, and how far the table's stream was read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.web.links import link, page_url, tag
from config.web.tables import ReadOnly, TableAdmin
from config.web.text import NOTHING
from uploads.insight import derived_values
from uploads.models import (
    RecordOutcome,
    StreamShard,
    UploadHistory,
)
from uploads.models.ledger import ABSENT_RECORD
from uploads.staff import records
from uploads.staff.listing import (
    OPENS,
    ProductFilter,
    RecordFilter,
    UploadFilter,
    row_in_file,
    upload_link,
    with_sheets,
)
from vendors.tables import ReadOnlyVendorTableAdmin


class AbsentFilter(admin.SimpleListFilter):
    """Rows of the file, or products that it lacks: upload by upload, along record_outcomes_key."""

    title, parameter_name = "in the file", "in_file"
    ends = tuple(ABSENT_RECORD.format(end) for end in (0, 9_999_999_999))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Rows of the file"), ("no", "Products that it lacks")] if "upload" in request.GET else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() == "no":
            return queryset.filter(record_id__range=self.ends, row_number=0)
        return queryset.exclude(record_id__range=self.ends, row_number=0) if self.value() == "yes" else queryset


class RecordOutcomeAdmin(ReadOnlyVendorTableAdmin):
    """What became of each record of each upload, and whether DynamoDB knows."""

    opens = OPENS
    list_display = ["record_id", "upload_link", "row", "outcome_tag", "product_link", "error_reason",
                    "created_at", "written_back_at"]  # fmt: skip
    list_filter = [
        UploadFilter, RecordFilter, ProductFilter, AbsentFilter, "outcome",
        ("written_back_at", admin.EmptyFieldListFilter),
        ("write_back_failure", admin.EmptyFieldListFilter),
    ]  # fmt: skip
    search_fields = ["upload_id__exact", "record_id__exact"]
    search_help_text = "A whole upload ID or record ID"
    fields = ["upload_link", "record_id", "row", "attempt", "vendor_id", "outcome_tag", "product_link", "derived",
              "error_reason", "created_at", "written_back_at", "write_back_failure"]  # fmt: skip

    def get_ordering(self, request: HttpRequest) -> Any:
        """Within an upload in the order of record_outcomes_key; the whole table newest first, by its key."""
        return ["record_id", "attempt"] if "upload" in request.GET else ["-id"]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """No index sorts the whole table by anything but its key."""
        return ["record_id"] if "upload" in request.GET else []

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        """Record IDs are found upload by upload, since record_outcomes_key starts with the upload."""
        if not search_term:
            return queryset, False
        if queryset.filter(upload_id=search_term).exists():
            return queryset.filter(upload_id=search_term), False
        return queryset.filter(upload_id__in=UploadHistory.objects.values("pk"), record_id=search_term), False

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, record: RecordOutcome) -> SafeString | str:
        """Records of unknown vendors belong to no upload."""
        return record.upload_id if record.upload_sequence is None else upload_link(record)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return with_sheets(super().get_queryset(request))

    @admin.display(description="row")
    def row(self, record: RecordOutcome) -> SafeString | int:
        return row_in_file(record)

    @admin.display(description="derived values", empty_value=NOTHING)
    def derived(self, record: RecordOutcome) -> SafeString | str | None:
        """What the row was read as where its cells don't say so; only on the page of one row."""
        key = record.upload_id, record.record_id, record.attempt
        found = derived_values.of_attempts([key])
        return records.AWAY if found.away else records.derived_table(found.values.get(key, ()))

    @admin.display(description="outcome", ordering="outcome")
    def outcome_tag(self, record: RecordOutcome) -> SafeString:
        return tag(record.outcome)

    @admin.display(description="product", ordering="product_id", empty_value=NOTHING)
    def product_link(self, record: Any) -> SafeString | str | None:
        if not (record.product_id and record.opens_product):
            return str(record.product_id) if record.product_id else None
        return link(page_url("catalog_product", record.product_id), record.product_id)


class StreamShardAdmin(ReadOnly, TableAdmin):
    """How far each shard of the table's stream was read, by whom, and what was found missing."""

    list_display = ["shard_id", "state_tag", "checkpoint_at", "lease_owner", "lease_expires_at", "gap_reason",
                    "gap_found_at", "gap_healed_at"]  # fmt: skip
    list_filter = [
        "state", ("gap_found_at", admin.EmptyFieldListFilter), ("gap_healed_at", admin.EmptyFieldListFilter),
    ]  # fmt: skip

    @admin.display(description="state", ordering="state")
    def state_tag(self, shard: StreamShard) -> SafeString:
        return tag(shard.state)
