"""Test this change: what is asked for, all tests, and what one found. Nothing but the test's own job is written."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse

from uploads.insight import progress
from uploads.models import Job
from uploads.shadow import canary, changes, run
from uploads.shadow.changes import ThresholdChange
from uploads.staff.shadow import asked, found

TEST: Final = "uploads.test_changes"
SEE: Final = "uploads.view_valuerule"
NAMED: Final = 5  # vendors in a message
SHOWN: Final = 50  # of all tests, the newest


def may_test(request: HttpRequest) -> bool:
    """Whether the user may ask for tests, and stop them."""
    return request.user.has_perm(TEST)


def may_see(request: HttpRequest) -> bool:
    """Whether the user may see what tests found."""
    return request.user.has_perm(SEE) or may_test(request)


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


def ask_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """What is to be tested, over how many days; started once that is confirmed."""
    _require(may_test(request))
    posted = request.method == "POST"
    meant = asked.of(request.POST if posted else request.GET)
    if posted and "start" in request.POST and meant.change:
        try:
            job = run.start(meant.change, _days(request), request.user)
        except run.Refused as refused:
            messages.error(request, str(refused))
        else:
            return redirect("admin:uploads_valuerule_tested", job.pk)
    about = {
        "title": "Test this change",
        "what": changes.sentence(meant.change) if meant.change else "",
        "asked": meant,
        "about_uploads": isinstance(meant.change, ThresholdChange),
        "of_products": found.is_of_products(meant.change),
        "days": _days(request),
        "most_days": run.MOST_DAYS,
    }
    return TemplateResponse(request, "uploads/staff/shadow/ask.html", context | about)


def _days(request: HttpRequest) -> int:
    days = request.POST.get("days", "")
    return max(1, min(int(days), run.MOST_DAYS)) if days.isdecimal() and len(days) < 4 else run.DAYS


def list_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """The newest tests, and all whose change counts for chosen vendors, however old."""
    _require(may_see(request))
    tests = Job.objects.filter(kind=Job.Kind.SHADOW).select_related("requested_by").order_by("-id")
    jobs = list(tests[:SHOWN])
    if len(jobs) == SHOWN:
        jobs += tests.filter(pk__in=canary.standing().filter(pk__lt=jobs[-1].pk))
    lines = [
        {
            "job": job,
            "what": changes.sentence(changes.from_json(job.parameters["change"])),
            "counts": [(word, number) for word, number in found.counts(job) if number],
            "state": found.state(job),
            "counts_for": found.counts_for(canary.made(job)),
        }
        for job in jobs
    ]
    about = {"title": "Tested changes", "tests": lines, "most": SHOWN}
    return TemplateResponse(request, "uploads/staff/shadow/list.html", context | about)


def found_page(request: HttpRequest, key: int, context: dict[str, Any]) -> HttpResponseBase:
    """What a test found; the part of it that changes while it is under way keeps itself up to date."""
    job = _job(request, key)
    return TemplateResponse(request, "uploads/staff/shadow/found.html", context | _shown(request, job))


def progress_part(request: HttpRequest, key: int) -> HttpResponseBase:
    """That part alone."""
    return render(request, "uploads/staff/shadow/found_live.html", _shown(request, _job(request, key)))


def stop(request: HttpRequest, key: int) -> HttpResponseBase:
    """End a test that is under way."""
    _require(may_test(request))
    job = _job(request, key)
    if request.method == "POST" and not run.stop(job, request.user):
        messages.warning(request, "It had ended already.")
    return redirect("admin:uploads_valuerule_tested", job.pk)


def make(request: HttpRequest, key: int) -> HttpResponseBase:
    """Make what was tested for some vendors, or for all, or take it back; logged."""
    job = _job(request, key)
    _require(may_make(request, job))
    if request.method == "POST":
        try:
            messages.success(request, _make(request, job))
        except canary.Refused as refused:
            messages.error(request, str(refused))
    return redirect("admin:uploads_valuerule_tested", job.pk)


def _make(request: HttpRequest, job: Job) -> str:
    """Do what the button says; returns what was done. Raises canary.Refused."""
    do = request.POST.get("do")
    if do == "all":
        canary.for_all(job, request.user)
        return "It counts for all vendors from now on."
    if do == "back":
        canary.take_back(job, request.user)
        return "It was taken back. Rows that were judged meanwhile stay as they were judged."
    made = canary.for_vendors(job, request.POST.getlist("vendor"), request.user)
    return f"It counts for {', '.join(made[:NAMED])}{' and others' if len(made) > NAMED else ''} from now on."


def may_make(request: HttpRequest, job: Job) -> bool:
    """Whether the user may make what was tested."""
    change = changes.from_json(job.parameters["change"])
    return may_test(request) and request.user.has_perms(canary.permissions(change))


def _job(request: HttpRequest, key: int) -> Job:
    _require(may_see(request))
    job = Job.objects.select_related("requested_by").filter(pk=min(key, 2**63 - 1), kind=Job.Kind.SHADOW).first()
    if job is None:
        raise Http404("There is no such test.")
    return job


def _shown(request: HttpRequest, job: Job) -> dict[str, Any]:
    change = changes.from_json(job.parameters["change"])
    said = found.sentence(job, changes.sentence(change))
    return {
        "title": "A tested change",
        "job": job,
        "state": found.state(job),
        "sentence": said,
        "announcement": said if job.ended else progress.each_quarter(job.percent),
        "days": job.parameters["days"],
        "counts": found.counts(job),
        "vendors": found.vendors(request, job),
        "others": found.others(job),
        "unaffected": found.unaffected(job),
        "words": list(found.words_found(job).values()),
        "about_uploads": found.about_uploads(job),
        "about_effects": found.about_effects(job),
        "not_looked_at": found.not_looked_at(job),
        "may_test": may_test(request),
        "made": canary.made(job),
        "may_make": job.ended and canary.possible(change) and may_make(request, job),
        "elsewhere": found.elsewhere(change),
    }
