"""A conversation in the admin: on the page of what it is about (templates/uploads/desk/conversation.html, by the tag
`conversation_about`), and on a page of its own, where older comments are and where what is sent from any page goes.

For who may see comments, and the upload or the vendor; writing takes a permission more.
"""

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from config.web.links import page_url, way_back
from config.web.text import counted, visible
from uploads.desk import answers, comments, items, mailing, waiting_count, work_list
from uploads.desk.comments import About
from uploads.desk.forms import StaffCommentForm
from uploads.desk.things import Thing
from uploads.models import SEEN_WITH, UploadHistory, WorkItem
from uploads.models.desk import KEY_CHARS
from vendors.models import Vendor

NOBODY_TOLD: Final = (
    "Nobody there gets a mail of it: no owner or uploader has an address. It stands on the vendor's pages."
)


def shown(request: HttpRequest, about: About, form: StaffCommentForm | None = None, before: int = 0) -> dict[str, Any]:
    """What templates/uploads/desk/conversation.html shows; nothing for who may not see comments."""
    if not request.user.has_perm(comments.SEE):
        return {"may_see": False}
    page = comments.page_of(about, before)
    company = about.upload.vendor if about.upload else about.vendor
    return {
        "request": request,
        "may_see": True,
        "may_write": request.user.has_perm(comments.WRITE),
        "about": about,
        "asked": urlencode(_names(about)),
        "named": _names(about).items(),
        "company": company,
        "page": page,
        "lines": [_line(one, about) for one in page.comments],
        "waiting": max((one.pk for one in page.comments if comments.waits(one) and _is_of(one, about)), default=0),
        "form": form or StaffCommentForm(),
        "before": before,
        "back": request.get_full_path(),
        "address": reverse("comments"),
        "settle": reverse("comments_settle"),
    }


def _line(comment: Any, about: About) -> dict[str, Any]:
    """One comment as staff see it: what it is about where that is something else, and what became of its mail."""
    return {
        "comment": comment,
        "who": comments.who(comment, to_vendor=False),
        "waits": comments.waits(comment),
        "upload_url": page_url("uploads_uploadhistory", comment.upload_id)
        if comment.upload_id and not about.upload else "",
        "mail": "" if comment.by_vendor or comment.audience == comments.Audience.STAFF else mailing.late(comment),
    }  # fmt: skip


def _is_of(comment: Any, about: About) -> bool:
    """Whether it belongs to this conversation, not only to the same vendor."""
    there = comments.about_of(comment)
    return (there.upload, there.kind, there.key) == (about.upload, about.kind, about.key)


# --- the page, and what is sent --------------------------------------------------------------------------------


def page(request: HttpRequest) -> HttpResponseBase:
    """Read a conversation, also what is older; and say something, from any page."""
    asked = request.POST if request.method == "POST" else request.GET
    about = _about(request, asked)
    before = asked.get("before", "")
    form = StaffCommentForm(request.POST or None)
    if request.method == "POST":
        if not request.user.has_perm(comments.WRITE):
            raise PermissionDenied
        if form.is_valid() and _fits(form, about):
            _say(request, about, **form.cleaned_data)
            return redirect(_back(request, about))
    found = shown(request, about, form, int(before) if before.isdecimal() and len(before) < 19 else 0)
    found |= admin.site.each_context(request) | {"title": f"Comments on {_title(about)}", "thing": _title(about)}
    found["page_url"] = _page(about)
    found["back"] = _back(request, about) if request.method == "POST" else request.get_full_path()
    return render(request, "uploads/staff/conversation.html", found)


def settle(request: HttpRequest) -> HttpResponseBase:
    """What the vendor said was read, and there is nothing to do."""
    about, newest = _about(request, request.POST), request.POST.get("newest", "")
    if not request.user.has_perm(comments.WRITE):
        raise PermissionDenied
    if request.method == "POST" and newest.isdecimal() and len(newest) < 19:
        answer = _waits(request, about)
        done = comments.nothing_to_do(about, request.user, int(newest))  # type: ignore[arg-type] # signed in
        if done:
            _noted(request, answer, "Read: nothing to do.")
            messages.success(request, counted(done, "{} message is settled.", "{} messages are settled."))
        else:
            messages.info(request, "Somebody answered, or settled it, before you.")
    return redirect(_back(request, about))


def _say(request: HttpRequest, about: About, body: str, audience: str) -> None:
    answer = _waits(request, about)
    said = comments.say(about, request.user, body, audience)  # type: ignore[arg-type] # signed in
    if audience == comments.Audience.VENDOR:
        _noted(request, answer, "Answered.")
    if audience == comments.Audience.STAFF:
        messages.success(request, "Your comment is there, for staff only.")
    elif mailing.told(said):
        messages.success(request, "The vendor sees it on its pages now, and gets it by mail.")
    else:
        messages.warning(request, NOBODY_TOLD)


def _fits(form: StaffCommentForm, about: About) -> bool:
    if form.cleaned_data["audience"] == comments.Audience.VENDOR and not (about.upload or about.vendor):
        form.add_error("audience", "This concerns no single vendor: it can only be said to staff.")
        return False
    return True


# --- what it is about ------------------------------------------------------------------------------------------


def _waits(request: HttpRequest, about: About) -> Thing | None:
    """What the vendor said in this conversation, if it waits."""
    return None if about.key else work_list.one(request.user, WorkItem.Kind.ANSWER, answers.key_of(about))


def _noted(request: HttpRequest, answer: Thing | None, outcome: str) -> None:
    """What waited for an answer is found again among the work that was done."""
    if answer:
        items.finish(answer, request.user, outcome)
        waiting_count.ask_anew()


def _names(about: About) -> dict[str, str]:
    """As the page's address and the forms say it."""
    if about.upload:
        return {"upload": about.upload.pk}
    named = {"vendor": about.vendor.pk} if about.vendor else {}
    return named | ({"kind": about.kind, "key": about.key} if about.key else {})


def _about(request: HttpRequest, asked: QueryDict) -> About:
    """Raises PermissionDenied for who may not see it, and Http404 for what isn't there."""
    user = request.user
    kind, key = asked.get("kind", ""), asked.get("key", "")[:KEY_CHARS]
    seen = {"upload": "uploads.view_uploadhistory", "vendor": "vendors.view_vendor"}
    needed = [comments.SEE, *(permission for name, permission in seen.items() if name in asked)]
    if key and kind in SEEN_WITH:
        needed.append(SEEN_WITH[kind])  # as in the list of work
    if not user.has_perms(needed):
        raise PermissionDenied
    if "upload" in asked:
        upload = UploadHistory.objects.select_related("vendor").filter(pk=asked["upload"]).first()
        if upload:
            return About(upload=upload)
        raise Http404
    vendor = Vendor.objects.filter(pk=asked["vendor"]).first() if "vendor" in asked else None
    if (vendor is None and ("vendor" in asked or not key)) or (key and kind not in WorkItem.Kind.values):
        raise Http404
    return About(vendor, kind=kind if key else "", key=key)


def _title(about: About) -> str:
    if about.upload:
        return visible(about.upload.file_name)
    return visible(about.key or (about.vendor.vendor_name if about.vendor else ""))


def _page(about: About) -> str:
    """Where what it is about is shown."""
    if about.upload:
        return page_url("uploads_uploadhistory", about.upload.pk)
    return page_url("vendors_vendor", about.vendor.pk) if about.vendor and not about.key else reverse("admin:index")


def _back(request: HttpRequest, about: About) -> str:
    """Where it was sent from, if that is in the admin."""
    page, _, place = way_back(request.POST.get("next", "")).partition("#")
    place = place if place.isidentifier() else "comments"  # a section of the list of work
    return f"{page or _page(about)}#{place}"
