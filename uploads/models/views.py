"""The views `vendor_summary` and `recent_uploads`."""

from django.db import models


class VendorSummary(models.Model):
    """The view `vendor_summary`: one row per vendor with its products, uploads and error rate."""

    vendor_id = models.CharField("vendor ID", max_length=50, primary_key=True)
    vendor_name = models.CharField(max_length=200)
    email = models.CharField(max_length=255)
    status = models.CharField(max_length=20)
    total_products = models.BigIntegerField("products")
    total_uploads = models.BigIntegerField("uploads")
    valid_records = models.BigIntegerField()
    error_records = models.BigIntegerField()
    error_rate = models.DecimalField("error rate in %", max_digits=5, decimal_places=2)
    last_upload_at = models.DateTimeField("last upload")

    class Meta:
        managed = False
        db_table = "vendor_summary"
        verbose_name_plural = "vendor summary"
        ordering = ["vendor_id"]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.vendor_name}"


class RecentUpload(models.Model):
    """The view `recent_uploads`: the hundred newest uploads with vendor name, success rate and duration."""

    upload_id = models.CharField("upload ID", max_length=100, primary_key=True)
    vendor_id = models.CharField("vendor ID", max_length=50)
    vendor_name = models.CharField(max_length=200)
    file_name = models.CharField(max_length=255)
    status = models.CharField(max_length=50)
    file_rows = models.IntegerField("rows in the file")
    total_records = models.IntegerField()
    valid_records = models.IntegerField()
    error_records = models.IntegerField()
    success_rate = models.DecimalField("success rate in %", max_digits=5, decimal_places=2)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField()
    duration = models.DurationField()

    class Meta:
        managed = False
        db_table = "recent_uploads"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.upload_id
