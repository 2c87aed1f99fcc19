"""What staff have to say to a vendor, and its answers: all of it on one page, and of one upload.

Everybody at the vendor reads; who may send files may answer. Nothing that staff say among themselves comes here.
"""

from dataclasses import dataclass

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from uploads.desk import comments
from uploads.desk.forms import CommentForm
from uploads.models import Comment, UploadHistory
from uploads.portal.pages import page_of, upload_of
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

VIEWER, UPLOADER = VendorMember.Role.VIEWER, VendorMember.Role.UPLOADER
TOO_MANY = "You have written 50 messages within an hour. What you wrote stands below: send it a little later."


@dataclass(frozen=True)
class Talk:
    """The messages of a page with who wrote each, and the form; `before` is where they begin, or 0."""

    page: comments.Page
    before: int
    lines: list[tuple[Comment, str]]
    form: forms.Form
    address: str
    may_write: bool


@vendor_page(VIEWER)
def listing(request: HttpRequest, vendor: Vendor, upload_id: str = "") -> HttpResponseBase:
    """Read, the newest first; and write. Who writes about an upload is back on its page then."""
    upload = upload_of(vendor, upload_id) if upload_id else None
    form = CommentForm(request.POST or None)
    if request.method == "POST":
        if not may_here(request, UPLOADER):
            raise PermissionDenied("You may read the messages. To answer, ask an owner to make you an uploader.")
        if form.is_valid() and _may_write_more(request, form):
            comments.answer(vendor, upload, request.user, form.cleaned_data["body"])  # type: ignore[arg-type] # signed in
            messages.success(request, "Sent. You get the answer here and by mail.")
            return redirect(
                f"{page_of('upload', vendor, upload_id)}#messages" if upload else page_of("messages", vendor)
            )
    talk = conversation(request, vendor, upload, form)
    found = {"vendor": vendor, "section": "messages", "upload": upload, "talk": talk}
    return render(request, "uploads/portal/messages.html", found)


def conversation(
    request: HttpRequest, vendor: Vendor, upload: UploadHistory | None, form: forms.Form | None = None
) -> Talk:
    """The messages with their form, on whatever page they stand."""
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else 0
    page = comments.page_of_vendor(vendor, upload, before)
    if not before:
        comments.mark_seen(request.member, page, of_all=not upload)  # type: ignore[attr-defined] # vendor_page sets it
    lines = [(one, comments.who(one, to_vendor=True)) for one in page.comments]
    address = page_of("upload_messages", vendor, upload.pk) if upload else page_of("messages", vendor)
    return Talk(page, before, lines, form or CommentForm(), address, may_here(request, UPLOADER))


def _may_write_more(request: HttpRequest, form: forms.Form) -> bool:
    """Each is a mail to somebody, and somebody's work."""
    if ratelimit.consume(request, action="comment", user=request.user):
        return True
    form.add_error("body", TOO_MANY)
    return False
