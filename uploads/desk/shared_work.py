"""Wrong values over all vendors, and SKUs that two of them claim, as work that waits: what shared_values.py counts."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from django.utils.text import capfirst

from catalog.rules.fields import LABELS, READ
from config.web.links import page_url
from config.web.text import counted as words
from uploads.desk import everywhere, shared_values
from uploads.desk.shared_values import Claim, SharedValue
from uploads.desk.things import MOST, Group, Key, Kind, Thing, keys_of, put_off, shown
from uploads.models import ValueTotal, WorkItem

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

CLAIMED: Final = 200  # claims that are counted


# --- wrong values ----------------------------------------------------------------------------------------------


def _values(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    """The largest values that aren't put off, and that nobody mends just now (idx_shared_values_rows)."""
    left_out = {*keys_of([Kind.VALUE], without), *keys_of([Kind.VALUE], put_off(Kind.VALUE))}
    busy = {f"{field}:{value}" for field, value in everywhere.all_under_way()}
    hidden = left_out | busy
    few = [one for one in shared_values.top(start + most + len(hidden)) if one.key not in hidden]
    return [_value(one) for one in few[start : start + most]], _count(hidden)


def _count(hidden: set[str]) -> int:
    """How many values there are beside these, up to MOST + 1 (idx_shared_values_field)."""
    rows = ValueTotal.objects.filter(claim=False, field__in=READ).values_list("field", "value")
    standing = len(shared_values.some([_pair(key) for key in hidden]))
    return rows[: MOST + 1 + standing].count() - standing


def _pair(key: str) -> tuple[str, str]:
    field, _, value = key.partition(":")
    return field, value


def _named_values(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [_value(one) for one in shared_values.some([_pair(key) for key in keys_of([Kind.VALUE], keys)])]


def _value(one: SharedValue) -> Thing:
    rows = words(one.rows, "{} row", "{} rows")
    vendors = words(one.vendors, "of one vendor", "of {} vendors")
    has = "has" if one.rows == 1 else "have"
    what = f"{rows} {vendors} {has} this as {one.label}." if one.value else f"{rows} {vendors} {has} no {one.label}."
    return value_thing(one.field, one.value, one.spelling, f"{what} {shown(one.message)}".strip(), one.since, one)


def value_thing(
    field: str, value: str, spelling: str, says: str = "", since: "datetime | None" = None, about: Any = None
) -> Thing:
    """A wrong value; also one that is being mended, of which only its name is known."""
    title = capfirst(f"{LABELS[field]} “{shown(spelling)}”" if value else f"{LABELS[field]} is empty")
    return Thing(
        Kind.VALUE,
        f"{field}:{value}",
        title,
        says,
        since,
        everywhere.everywhere_url(field=field, value=value),
        about=about,
    )


# --- SKUs that two vendors claim -------------------------------------------------------------------------------


def _claims(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    hidden = {*keys_of([Kind.CLAIM], without), *keys_of([Kind.CLAIM], put_off(Kind.CLAIM))}
    few = [one for one in _open_claims(CLAIMED + 1 + len(hidden)) if one.key not in hidden]
    return [_claim(one) for one in few[start : start + most]], len(few)


def _named_claims(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    """Those that stand among the largest: what is smaller has to wait."""
    wanted = set(keys_of([Kind.CLAIM], keys))
    return [_claim(one) for one in _open_claims(CLAIMED + len(wanted)) if one.key in wanted] if wanted else []


def _open_claims(most: int) -> list[Claim]:
    """The largest but those that somebody said to be done since they began."""
    found = shared_values.claims(most)
    rows = WorkItem.objects.filter(kind=Kind.CLAIM, key__in=[one.key for one in found], done_at__isnull=False)
    done = dict(rows.order_by("done_at").values_list("key", "done_at")) if found else {}
    return [one for one in found if one.key not in done or (done[one.key] or one.since) < one.since]


def _claim(one: Claim) -> Thing:
    rows = words(one.rows, "{} row waits", "{} rows wait")
    if one.holder_id:
        said = f"{rows}: {shown(one.holder_name)} has this SKU, for “{shown(one.product_name)}”."
    else:
        said = f"{rows}: another vendor had this SKU, and nobody has it now. Try them again."
    return Thing(
        Kind.CLAIM, one.key, f"SKU “{one.shown}”", said, one.since,
        page_url("uploads_validationerror", one.error_id) if one.error_id else "", one.vendor_id, shown(one.name),
        about=one,
    )  # fmt: skip


VALUES: Final = Group(
    "values", "Wrong values", "Over all vendors, the largest first. Say what is right, and all rows are tried again.",
    (Kind.VALUE,), _values, _named_values,
)  # fmt: skip
CLAIMS: Final = Group(
    "claims", "SKUs that two vendors claim", "A SKU is one product’s alone. Ask whose it is.", (Kind.CLAIM,),
    _claims, _named_claims, CLAIMED,
)  # fmt: skip
