"""Where an announced file is put on a site whose storage programs can't reach: as S3 takes it, on an address of ours.

Who has the address puts one file of at most so many bytes, within an hour, in the place of one feed and of no other. On
AWS, or where UPLOAD_PUBLIC_ENDPOINT names a storage that programs reach, they put it there, and nothing comes here.
"""

from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from config.web.links import site_url
from uploads.api import problems
from uploads.api.problems import Problem
from uploads.aws.storage import StorageUnavailable
from uploads.models import Feed
from uploads.programs import feeds

SALT: Final = "uploads.api.targets"
GONE = "This address takes no file any more, or never did. Announce the feed anew."


def target(feed: Feed) -> dict[str, Any]:
    """Where its file is put. Raises StorageUnavailable."""
    form = feeds.target(feed)
    if settings.EMBEDDED_AWS and not settings.UPLOAD_PUBLIC_ENDPOINT:
        signed = signing.dumps([feed.pk, form["max_bytes"]], salt=SALT)
        form |= {"url": site_url(reverse("api:target", args=[signed])), "fields": {}}
    return form


def asked_for(signed: str) -> tuple[Feed, int] | None:
    """The feed whose file may be put there, and its bytes at most."""
    try:
        feed_id, most = signing.loads(signed, salt=SALT, max_age=feeds.TARGET_SECONDS)
    except signing.BadSignature:
        return None
    feed = Feed.objects.filter(pk=feed_id, state=Feed.State.AWAITING_FILE, vendor__status="active").first()
    return (feed, most) if feed else None


@csrf_exempt
def put(request: HttpRequest, signed: str) -> HttpResponseBase:
    """Take the file."""
    try:
        return _put(request, signed)
    except Problem as problem:
        return problems.response(problem)
    except StorageUnavailable as error:
        return problems.response(Problem("service-away", str(error), headers={"Retry-After": "10"}))


def _put(request: HttpRequest, signed: str) -> HttpResponseBase:
    if request.method != "POST":
        raise Problem("method-not-allowed", headers={"Allow": "POST"})
    asked = asked_for(signed)
    if asked is None:
        raise Problem("not-found", GONE)
    feed, most = asked
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Problem("invalid", errors=[{"field": "file", "message": "A form with one file is expected, as “file”."}])
    if (file.size or 0) > most:
        raise Problem("too-large", f"{file.size:,} bytes came, where {most:,} are taken.")
    feeds.put_file(feed, file)  # type: ignore[arg-type] # it reads and seeks
    return HttpResponse(status=204)
