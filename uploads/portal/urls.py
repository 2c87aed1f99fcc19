"""The vendors' own pages: all addresses below /vendor/<vendor_id>/, whatever app their views are in.

Each view is guarded by vendors.access.vendor_page; tests/site/test_isolation.py asks each for what is another vendor's.
"""

from django.urls import path, re_path

from uploads.portal import (
    catalog,
    corrections,
    errors,
    find,
    history,
    home,
    messages,
    progress,
    quality,
    settled,
    undo,
    upload,
    values,
)
from uploads.portal.sources import acts, addresses, form, runs
from vendors.portal import members, profile, tokens, webhooks

app_name = "vendor"

# Programs may have opened uploads under any name.
UPLOAD = r"^uploads/(?P<upload_id>[\s\S]+)"

urlpatterns = [
    path("", home.home, name="home"),
    path("upload/", upload.choose, name="choose"),
    path("upload/preview/", upload.preview, name="preview"),
    path("upload/confirm/", upload.confirm, name="confirm"),
    path("upload/trial/<int:job_id>/", upload.dry_run, name="dry_run"),
    path("upload/remembered/", upload.remembered, name="remembered"),
    path("upload/remembered/<int:remembered_id>/forget/", upload.forget, name="forget"),
    path("upload/held/<str:feed_id>/", upload.held, name="held"),
    path("upload/records/", upload.waiting_records, name="waiting_records"),
    path("upload/columns/", upload.columns, name="columns"),
    path("upload/template.csv", upload.template, {"kind": "csv"}, name="template_csv"),
    path("upload/template.xlsx", upload.template, {"kind": "xlsx"}, name="template_xlsx"),
    re_path(rf"{UPLOAD}/progress/$", progress.part, name="progress"),
    re_path(rf"{UPLOAD}/cancel/$", progress.cancel, name="cancel"),
    re_path(rf"{UPLOAD}/release/$", progress.release, name="release"),
    re_path(rf"{UPLOAD}/notify/$", progress.notify, name="notify"),
    re_path(rf"{UPLOAD}/file/$", progress.file, name="file"),
    re_path(rf"{UPLOAD}/messages/$", messages.listing, name="upload_messages"),
    path("messages/", messages.listing, name="messages"),
    path("profile/", profile.page, name="profile"),
    path("members/", members.listing, name="members"),
    path("members/<int:member_id>/", members.member, name="member"),
    path("programs/", tokens.listing, name="programs"),
    path("programs/tokens/<int:token_id>/", tokens.token, name="token"),
    path("programs/webhooks/", webhooks.listing, name="webhooks"),
    path("programs/webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("programs/webhooks/<int:webhook_id>/delete/", webhooks.delete, name="webhook_delete"),
    path("programs/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/", webhooks.delivery, name="delivery"),
    path("invitations/<int:invitation_id>/", members.invitation, name="invitation"),
    path("history/", history.history, name="history"),
    path("sources/", addresses.listing, name="sources"),
    path("sources/add/", form.add, name="add_source"),
    path("sources/<int:source_id>/", addresses.source, name="source"),
    path("sources/<int:source_id>/change/", form.change, name="change_source"),
    path("sources/<int:source_id>/delete/", acts.delete, name="delete_source"),
    path("sources/<int:source_id>/act/", acts.act, name="act_on_source"),
    path("sources/<int:source_id>/runs/<int:run_id>/", runs.run, name="source_run"),
    path("sources/<int:source_id>/runs/<int:run_id>/progress/", runs.progress, name="source_run_progress"),
    path("quality/", quality.quality, name="quality"),
    path("find/", find.find, name="find"),
    path("catalog/", catalog.catalog, name="catalog"),
    re_path(r"^catalog/export\.(?P<format>csv|xlsx)$", catalog.export, name="catalog_export"),
    re_path(rf"{UPLOAD}/errors/$", errors.errors, name="errors"),
    re_path(rf"{UPLOAD}/failed-rows\.(?P<format>csv|xlsx)$", errors.failed_rows, name="failed_rows"),
    re_path(rf"{UPLOAD}/values/(?P<field>\w+)/$", values.values, name="values"),
    re_path(rf"{UPLOAD}/(?P<state>ignored|closed)/$", settled.settled, name="settled"),
    re_path(rf"{UPLOAD}/ignored/take-back/$", settled.take_back, name="take_back"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/ignore/$", settled.ignore_rows, name="ignore_rows"),
    re_path(rf"{UPLOAD}/undo/$", undo.undo, name="undo"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/save/$", corrections.correct_rows, name="correct_rows"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/try-again/$", corrections.retry_rows, name="retry_rows"),
    re_path(rf"{UPLOAD}/errors/(?P<code>.+)/$", errors.rows, name="error_rows"),
    re_path(rf"{UPLOAD}/warned-rows\.csv$", errors.warned_file, name="warned_file"),
    re_path(rf"{UPLOAD}/warnings/$", errors.warnings, name="warnings"),
    re_path(rf"{UPLOAD}/warnings/(?P<code>.+)/$", errors.warned, name="warned_rows"),
    path("waiting/", values.waiting, name="waiting"),
    path("waiting/<slug:field>/", values.values, name="all_values"),
    path("undoing/<int:job_id>/", undo.undoing, name="undoing"),
    path("undoing/<int:job_id>/progress/", undo.undoing_progress, name="undoing_progress"),
    path("mending/<int:job_id>/", corrections.retrying, name="retrying"),
    path("mending/<int:job_id>/progress/", corrections.retrying_progress, name="retrying_progress"),
    re_path(rf"{UPLOAD}/$", progress.page, name="upload"),  # last: an upload's name may have slashes
]
