"""Links into the admin and, for mails, to the site; and small pieces of HTML. All that stands in them is escaped."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    ModelAdmin = admin.ModelAdmin[Any]
    Viewer = User | AnonymousUser
else:
    ModelAdmin = admin.ModelAdmin
from config.embedded import services
from config.web.text import visible

# In the address of a page: the filters of the list that somebody came from.
FILTERS = "_changelist_filters"


def site_url(path: str = "") -> str:
    """An address of the site as mails name it: SITE_URL's, whatever host somebody's browser has named."""
    return str(settings.SITE_URL or services.site_url()).rstrip("/") + path


def link(url: str, text: object) -> SafeString:
    """A link; both parts are escaped."""
    return format_html('<a href="{}">{}</a>', url, text)


def page_url(page: str, key: int | str) -> str:
    """Where one object is shown: `page_url("uploads_uploadhistory", upload_id)`."""
    return reverse(f"admin:{page}_change", args=[quote(key)])


def list_url(page: str, **filters: object) -> str:
    """A list with these filters set: `list_url("catalog_product", vendor="VEND001")`."""
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(filters)}"


def list_for(user: "Viewer", page: str, **filters: object) -> str:
    """The same for somebody who may view that table, else ""."""
    app, model = page.split("_", 1)
    return list_url(page, **filters) if user.has_perm(f"{app}.view_{model}") else ""


def way_back(asked: str) -> str:
    """The page of the admin that a form names as the one to lead back to; "" where it names none, or another place."""
    inside = asked.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if inside and asked.isprintable() else ""


def kept_filters(request: HttpRequest) -> str:
    """What the list was filtered by from which somebody came to a page, as the addresses of Django's pages carry it."""
    asked = request.GET.get(FILTERS, "")
    return urlencode({FILTERS: asked}) if asked else ""


def keeping(request: HttpRequest, url: str) -> str:
    """An address of the same table, which leads back to the list as it was filtered."""
    kept = kept_filters(request)
    return f"{url}{'&' if '?' in url else '?'}{kept}" if kept else url


def list_as_it_was(request: HttpRequest, page: str) -> str:
    """A table's list, filtered as it was: list_as_it_was(request, "uploads_uploadhistory")."""
    asked = request.GET.get(FILTERS, "")
    return f"{reverse(f'admin:{page}_changelist')}{f'?{asked}' if asked else ''}"


def count_link(count: int, url: str) -> SafeString | str:
    """A number that leads to what it counts; none leads nowhere."""
    return link(url, f"{count:,}") if count else "0"


def breakable(key: str) -> SafeString:
    """A long ID that narrow columns may wrap at its underscores."""
    return format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in key.split("_")))


def cut(text: str, most: int = 60) -> SafeString | str:
    """A long text for a cell of a list: its beginning, with more of it where a mouse rests."""
    if len(text) <= most:
        return text
    return format_html('<span title="{}">{}…</span>', text[: 10 * most], text[: most - 1].rstrip())


def tag(value: str, label: str = "") -> SafeString:
    """A status, an outcome or a verdict as a coloured word; the colours are in vendors/back_office.css."""
    return format_html('<span class="tag tag-{}">{}</span>', value, label or value)


def pairs_table(pairs: Iterable[tuple[object, object]]) -> SafeString:
    """Names and values as a small table, whatever stands in them."""
    rows = format_html_join(
        "", '<tr><th scope="row">{}</th><td>{}</td></tr>', ((visible(str(a)), visible(str(b))) for a, b in pairs)
    )
    return format_html('<div class="scroll"><table class="pairs">{}</table></div>', rows)
