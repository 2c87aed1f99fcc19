"""The vendors' own pages: all addresses below /vendor/<vendor_id>/, whatever app their views are in.

Each view is guarded by vendors.access.vendor_page; tests/test_isolation.py asks each for what is another vendor's.
"""

from django.urls import path, re_path

from uploads import (
    vendor_catalog,
    vendor_errors,
    vendor_pages,
    vendor_progress,
    vendor_quality_pages,
    vendor_upload,
)
from vendors.portal import members, profile

app_name = "vendor"

# Programs may have opened uploads under any name.
UPLOAD = r"^uploads/(?P<upload_id>[\s\S]+)"

urlpatterns = [
    path("", vendor_pages.home, name="home"),
    path("upload/", vendor_upload.choose, name="choose"),
    path("upload/preview/", vendor_upload.preview, name="preview"),
    path("upload/confirm/", vendor_upload.confirm, name="confirm"),
    path("upload/trial/<int:job_id>/", vendor_upload.dry_run, name="dry_run"),
    path("upload/columns/", vendor_upload.columns, name="columns"),
    path("upload/template.csv", vendor_upload.template, {"kind": "csv"}, name="template_csv"),
    path("upload/template.xlsx", vendor_upload.template, {"kind": "xlsx"}, name="template_xlsx"),
    re_path(rf"{UPLOAD}/progress/$", vendor_progress.part, name="progress"),
    re_path(rf"{UPLOAD}/cancel/$", vendor_progress.cancel, name="cancel"),
    re_path(rf"{UPLOAD}/notify/$", vendor_progress.notify, name="notify"),
    re_path(rf"{UPLOAD}/file/$", vendor_progress.file, name="file"),
    path("profile/", profile.page, name="profile"),
    path("members/", members.listing, name="members"),
    path("members/<int:member_id>/", members.member, name="member"),
    path("invitations/<int:invitation_id>/", members.invitation, name="invitation"),
    path("history/", vendor_quality_pages.history, name="history"),
    path("quality/", vendor_quality_pages.quality, name="quality"),
    path("find/", vendor_quality_pages.find, name="find"),
    path("catalog/", vendor_catalog.catalog, name="catalog"),
    re_path(r"^catalog/export\.(?P<format>csv|xlsx)$", vendor_catalog.export, name="catalog_export"),
    re_path(rf"{UPLOAD}/errors/$", vendor_errors.errors, name="errors"),
    re_path(rf"{UPLOAD}/failed-rows\.(?P<format>csv|xlsx)$", vendor_errors.failed_rows, name="failed_rows"),
    re_path(rf"{UPLOAD}/same-value/$", vendor_errors.same_value, name="same_value"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/save/$", vendor_errors.save_rows, name="save_rows"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/try-again/$", vendor_errors.try_again, name="try_again"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/$", vendor_errors.rows, name="error_rows"),
    path("mending/<int:job_id>/", vendor_errors.mending, name="mending"),
    path("mending/<int:job_id>/progress/", vendor_errors.mending_progress, name="mending_progress"),
    re_path(rf"{UPLOAD}/$", vendor_progress.page, name="upload"),  # last: an upload's name may have slashes
]
