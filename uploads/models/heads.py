"""The first rows of groups, so that their variants can be understood (uploads.feed.formats.groups)."""

from django.db import models

from uploads.models.uploads import UploadHistory


class UploadHead(models.Model):
    """What is remembered of one group of a file: uploads.feed.formats.groups.Head, as JSON text.

    Written in a pass over the whole file before its first row is staged, never after that, and kept as long as
    the upload: pages read rows anew to say what was derived (insight/derived_values.py). `key` is what names the
    group's first row, or a digest of it; `row_number` is 0, or where groups begin with a row above, that row's.
    """

    pk = models.CompositePrimaryKey("upload_id", "key", "row_number")
    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="+")
    key = models.CharField(max_length=300)
    row_number = models.IntegerField()
    head = models.TextField()

    class Meta:
        db_table = "upload_heads"

    def __str__(self) -> str:
        return f"{self.upload_id} {self.key}"
