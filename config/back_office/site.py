"""The admin's site: every list is filtered by what it offers, and by nothing that an address names beside it; no text
on a page hides what it is; and titles say what one sees.

Django's lists take any lookup on any column of their table: `data__secret__startswith=A` would read a secret letter by
letter, and `error_message__regex=(` ends in an error of the database. Here it holds for all tables, those of other
packages too, that what no filter of the list has taken filters nothing: the list is shown without it, and says so.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import path, reverse
from django.utils.dates import MONTHS
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from config.back_office import columns, counts, navigation, peek, saved_views
from config.back_office.columns import COLUMNS_VAR, Column
from config.back_office.saved_views import Tab
from config.web.filters import OpenedOn
from config.web.links import kept_filters
from config.web.text import visible, visible_page

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

UNFILTERED = (
    "This list can't be filtered as its address asked: it has no such filter, or the filter has no such value. "
    "It is shown as it is; choose from the filters that it offers."
)


class OfferedFilters(ChangeList):
    """A list that refuses what none of its filters, nor its calendar, has taken from the address."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)
        if not self.is_popup:
            self.title = navigation.name_of(self.opts)

    @property
    def tabs(self) -> list[Tab]:
        """The views of this list: as it opens, one's own, and the shared ones."""
        opened = [spec for spec in self.filter_specs if isinstance(spec, OpenedOn)]
        names = dict(opened[0].lookup_choices) if opened else {}
        opens_as = str(names.get(opened[0].opens_on, "All")) if opened else "All"
        return saved_views.tabs(self.request, self.opts.label_lower, opens_as)

    @property
    def may_share(self) -> bool:
        return bool(self.request.user.has_perm(saved_views.SHARE))

    @property
    def as_query(self) -> str:
        """The list as it is shown, for forms that lead back to it."""
        return saved_views.normal(self.request.GET.urlencode())

    @property
    def peeks(self) -> bool:
        """Whether rows are shown beside the list."""
        return bool(getattr(self.model_admin, "peek", False)) and not self.is_popup

    @property
    def narrowed(self) -> bool:
        """Whether somebody has asked for some of the rows only."""
        return bool(self.query or self.get_filters_params())

    @property
    def empty_says(self) -> str:
        """What is said where there are no rows at all."""
        return getattr(self.model_admin, "empty_says", "") or f"There are no {self.opts.verbose_name_plural} yet."

    @property
    def everything(self) -> str:
        """The list without search, filters and calendar."""
        asked = {str(spec.parameter_name): OpenedOn.ALL for spec in self.filter_specs if isinstance(spec, OpenedOn)}
        return f"{self.request.path}?{urlencode(asked)}" if asked else self.request.path

    @cached_property
    def columns(self) -> list[Column]:
        usual = cast(OfferedOnly, self.model_admin).usual_columns(self.request)
        return columns.choices(self.model_admin, usual, self.list_display)

    def get_filters_params(self, params: Any = None) -> Any:
        found = super().get_filters_params(params)
        found.pop(COLUMNS_VAR, None)
        return found

    def get_ordering_field(self, field_name: Any) -> Any:
        """A list is sorted by what it offers to sort by, whatever an address asks."""
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)

    def get_results(self, request: HttpRequest) -> None:
        if not getattr(request, "only_filters", False):
            super().get_results(request)

    @property
    def calendar(self) -> str:
        """The year, month or day to which the list is cut down by its calendar, in words; "" for none."""
        year, month, day = (self.params.get(f"{self.date_hierarchy}__{part}", "") for part in ("year", "month", "day"))
        return " ".join(part for part in (day, str(MONTHS[int(month)]) if month else "", year) if part)

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            found = super().get_filters(request)
        except (DisallowedModelAdminLookup, ValueError, OverflowError) as error:  # a year or a day that there isn't
            raise IncorrectLookupParameters from error
        by_calendar = {f"{self.date_hierarchy}__{bound}" for bound in ("gte", "lt")} if self.date_hierarchy else set()
        if found[2].keys() - by_calendar:
            raise IncorrectLookupParameters
        active = bool(found[4])
        if opened := {spec.parameter_name: spec.chosen for spec in found[0] if isinstance(spec, OpenedOn)}:
            others = {key for key in self.get_filters_params() if key not in opened}
            active = bool(others) or any(chosen != OpenedOn.ALL for chosen in opened.values())
        return (*found[:4], active)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """ "Clear all" clears the choice too with which a list opens."""
        found = super().get_queryset(request, exclude_parameters)
        opened = [str(spec.parameter_name) for spec in self.filter_specs if isinstance(spec, OpenedOn)]
        if opened:
            everything = dict.fromkeys(opened, OpenedOn.ALL)
            self.clear_all_filters_qs = self.get_query_string(everything, self.get_filters_params())
        return found


class OfferedOnly(ModelAdmin):
    """Before every admin that is registered."""

    show_facets = admin.ShowFacets.NEVER  # they count the whole table once for each choice

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of an object is called as the object is, not by what the page could be used for."""
        if context.get("original") is not None and context.get("subtitle"):
            context |= {"title": context["subtitle"], "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> Any:
        name, view = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        ours = [
            path("views/", view(self.views_view), name=f"{name}_views"),
            path("columns/", view(self.columns_view), name=f"{name}_columns"),
            path("counts/", view(self.counts_view), name=f"{name}_counts"),
        ]
        if getattr(self, "peek", False):
            ours.append(path("<path:object_id>/peek/", view(self.peek_view), name=f"{name}_peek"))
        return [*ours, *super().get_urls()]

    def usual_columns(self, request: HttpRequest) -> Any:
        return super().get_list_display(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        return columns.shown(self, request, self.usual_columns(request))

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Columns that a list offers beside its own aren't sorted by, unless it says so."""
        more = set(columns.more(self)).difference(self.sortable_by or ())
        return [name for name in super().get_sortable_by(request) if name not in more]

    @method_decorator(require_POST)
    def views_view(self, request: HttpRequest) -> HttpResponse:
        """Save a view of the list, rename, share or delete one."""
        self._require_list(request)
        chosen = columns.chosen(request, self.opts.label_lower)
        now = [str(name) for name in self.usual_columns(request)[1:]] if chosen is None else chosen
        return self._back(saved_views.change(request, self.opts.label_lower, now))

    @method_decorator(require_POST)
    def columns_view(self, request: HttpRequest) -> HttpResponse:
        """Choose the columns of the list, for oneself."""
        self._require_list(request)
        columns.choose(self, request, self.usual_columns(request))
        return self._back(columns.without(request.POST.get("query", "")))

    def counts_view(self, request: HttpRequest) -> HttpResponse:
        """How many rows each choice of a filter has."""
        self._require_list(request)
        asked = request.GET.copy()
        name = str(asked.pop("of", [""])[-1])
        request.GET = asked  # type: ignore[assignment] # the list's own query
        try:
            return JsonResponse({"counts": counts.of_filter(self, request, name)})
        except IncorrectLookupParameters:
            return JsonResponse({"counts": []})

    def peek_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A row, to be read beside the list."""
        return peek.page(self, request, object_id)

    def _require_list(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _back(self, query: str) -> HttpResponse:
        listed = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return HttpResponseRedirect(f"{listed}?{query}" if query else listed)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        theirs = super().get_changelist(request, **kwargs)
        return type(theirs.__name__, (OfferedFilters, theirs), {}) if theirs is not ChangeList else OfferedFilters

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Django's way to say that a list couldn't be filtered is a mark in its address; here it is a sentence."""
        if ERROR_FLAG in request.GET:
            messages.warning(request, UNFILTERED)
            return HttpResponseRedirect(request.path)
        return super().changelist_view(request, extra_context)

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """import-export's, for the admins that have one: an export of what can't be filtered is none."""
        try:
            answer: HttpResponseBase = super().export_action(request)  # type: ignore[misc] # of those that have it
        except IncorrectLookupParameters:
            opts = self.opts
            listed = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist", current_app=self.admin_site.name)
            return HttpResponseRedirect(f"{listed}?{ERROR_FLAG}=1")
        return answer


def _show(response: Any) -> None:
    """Spell out what would show nothing or turn around what follows (config.web.text.visible)."""
    if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
        html = response.content.decode()
        shown = visible_page(html)
        if shown != html:
            response.content = shown.encode()


class ShownNames(AutocompleteJsonView):
    """What a form suggests while somebody types."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        found = super().serialize_result(obj, to_field_name)
        return found | {"text": visible(found["text"])}


class StaffSite(admin.AdminSite):
    """Django's, for admins that are OfferedOnly, whoever wrote them; on whose pages nothing hides.

    `waiting` says how much waits for somebody; whoever knows sets it.
    """

    waiting: Callable[[Any], str] = staticmethod(lambda user: "")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        waiting = self.waiting(request.user) if context["has_permission"] else ""
        may_import = request.user.has_perm("uploads.add_uploadhistory")
        shown = navigation.sections(context["available_apps"], request.path, waiting, may_import=may_import)
        # Of the list that a page of ours was come to from, as Django's own pages keep them.
        return context | {"navigation": shown, "preserved_filters": kept_filters(request)}

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Each page of the admin, Django's and other packages' too, shows what hides in its texts."""
        guarded = super().admin_view(view, cacheable)

        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                response.add_post_render_callback(_show)
            else:
                _show(response)
            return response

        return update_wrapper(shown, guarded)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, ShownNames.as_view(admin_site=self)(request))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        theirs = admin_class or admin.ModelAdmin
        ours = type(theirs.__name__, (OfferedOnly, theirs), {"__module__": theirs.__module__})
        super().register(model_or_iterable, ours, **options)
