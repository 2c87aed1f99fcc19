"""The vendors' own pages: all addresses below /vendor/<vendor_id>/, whatever app their views are in.

Each view is guarded by vendors.access.vendor_page; tests/test_isolation.py asks each for what is another vendor's.
"""

from django.urls import path

from uploads import vendor_pages, vendor_progress, vendor_upload
from vendors import member_pages, profile

app_name = "vendor"

urlpatterns = [
    path("", vendor_pages.home, name="home"),
    path("upload/", vendor_upload.choose, name="choose"),
    path("upload/preview/", vendor_upload.preview, name="preview"),
    path("upload/confirm/", vendor_upload.confirm, name="confirm"),
    path("upload/trial/<int:job_id>/", vendor_upload.dry_run, name="dry_run"),
    path("upload/columns/", vendor_upload.columns, name="columns"),
    path("upload/template.csv", vendor_upload.template, {"kind": "csv"}, name="template_csv"),
    path("upload/template.xlsx", vendor_upload.template, {"kind": "xlsx"}, name="template_xlsx"),
    path("uploads/<str:upload_id>/", vendor_progress.page, name="upload"),
    path("uploads/<str:upload_id>/progress/", vendor_progress.part, name="progress"),
    path("uploads/<str:upload_id>/cancel/", vendor_progress.cancel, name="cancel"),
    path("uploads/<str:upload_id>/notify/", vendor_progress.notify, name="notify"),
    path("uploads/<str:upload_id>/file/", vendor_progress.download, {"kind": "file"}, name="file"),
    path("uploads/<str:upload_id>/report/", vendor_progress.download, {"kind": "report"}, name="report"),
    path("profile/", profile.page, name="profile"),
    path("members/", member_pages.listing, name="members"),
    path("members/<int:member_id>/", member_pages.member, name="member"),
    path("invitations/<int:invitation_id>/", member_pages.invitation, name="invitation"),
]
