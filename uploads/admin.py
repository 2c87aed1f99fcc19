"""What the admin shows, and as what: every registration, and nothing else.

Products, categories and vendors are those of their own apps with what uploads add to them.
"""

from django.contrib import admin

from catalog.models import Product, ProductCategory
from uploads.models import (
    Correction,
    GuardThreshold,
    Job,
    RecentUpload,
    RecordOutcome,
    RememberedReading,
    SeverityRule,
    Source,
    StreamShard,
    UploadHistory,
    ValidationError,
    ValueRule,
    VendorSummary,
)
from uploads.staff.categories import CategoriesAdmin
from uploads.staff.errors import CorrectionAdmin, ValidationErrorAdmin
from uploads.staff.jobs import JobAdmin
from uploads.staff.ledger import RecordOutcomeAdmin, StreamShardAdmin
from uploads.staff.products import ProductsAdmin
from uploads.staff.programs.tokens import ApiTokenAdmin
from uploads.staff.programs.webhooks import WebhookAdmin
from uploads.staff.rules import RememberedReadingAdmin
from uploads.staff.shadow.admin import TestedRuleAdmin, TestedSeverityAdmin, TestedThresholdAdmin
from uploads.staff.sources import SourceAdmin
from uploads.staff.uploads import RecentUploadAdmin, UploadHistoryAdmin
from uploads.staff.vendors import VendorsAdmin, VendorSummaryAdmin
from vendors.models import ApiToken, Vendor, Webhook

admin.site.register(Vendor, VendorsAdmin)
admin.site.register(ApiToken, ApiTokenAdmin)
admin.site.register(Webhook, WebhookAdmin)
admin.site.register(VendorSummary, VendorSummaryAdmin)
admin.site.register(Product, ProductsAdmin)
admin.site.register(ProductCategory, CategoriesAdmin)
admin.site.register(UploadHistory, UploadHistoryAdmin)
admin.site.register(RecentUpload, RecentUploadAdmin)
admin.site.register(ValidationError, ValidationErrorAdmin)
admin.site.register(Correction, CorrectionAdmin)
admin.site.register(RecordOutcome, RecordOutcomeAdmin)
admin.site.register(StreamShard, StreamShardAdmin)
admin.site.register(Job, JobAdmin)
admin.site.register(RememberedReading, RememberedReadingAdmin)
admin.site.register(ValueRule, TestedRuleAdmin)
admin.site.register(SeverityRule, TestedSeverityAdmin)
admin.site.register(GuardThreshold, TestedThresholdAdmin)
admin.site.register(Source, SourceAdmin)
