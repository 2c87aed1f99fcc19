"""Which export a file is, by the names of its columns: one that is clearly known, or none."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from uploads.feed.columns import name_headers, normalise
from uploads.feed.formats.known import builders, erps, magento, marketplaces, shopify, shops, tills, woocommerce
from uploads.feed.formats.model import Format
from uploads.feed.formats.own.changes import KIND, OFFER
from uploads.feed.sheets.handed_out import is_ours

FORMATS: Final[tuple[Format, ...]] = (
    *shopify.FORMATS, *woocommerce.FORMATS, *marketplaces.FORMATS, *magento.FORMATS, *shops.FORMATS, *builders.FORMATS,
    *tills.FORMATS, *erps.FORMATS,
)  # fmt: skip
BY_ID: Final[Mapping[str, Format]] = {one.id: one for one in FORMATS}
MOST_HEADERS: Final = 5_000  # of a file that is looked at


def _keys(spelled: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """The names as they are compared, and whether each is only how a name begins."""
    return tuple((normalise(one.rstrip("*")), one.endswith("*")) for one in spelled)


_SPELLED: Final = {one.id: {role: _keys(names) for role, names in one.headers.items()} for one in FORMATS}
_EXACT: Final = {
    one.id: {role: frozenset(key for key, begins in keys if not begins) for role, keys in _SPELLED[one.id].items()}
    for one in FORMATS
}
# As they are written, in small letters: lines that have hardly any of these are no header of a format.
_WRITTEN: Final = frozenset(
    name.casefold() for one in FORMATS for roles in one.signature for role in roles for name in one.headers[role]
)
AT_LEAST: Final = 2
FORMAT: Final = "format"  # the answer with which a format is switched off
OWN_LIST: Final = "own_list"


def format_of(headers: Sequence[str]) -> Format | None:
    """The format of a file with these columns; None where there is none, or more than one fits as well."""
    written = (header for header in headers if header.strip().casefold() in _WRITTEN)
    if len(headers) > MOST_HEADERS or len(tuple(islice(written, AT_LEAST))) < AT_LEAST or is_ours(headers):
        return None
    return _format_of(tuple(headers))


def known_format(headers: Sequence[str], answers: Mapping[str, object]) -> Format | None:
    """The format that a file with these columns is read by: none where a person has switched that off."""
    return None if answers.get(FORMAT) == OWN_LIST else format_of(headers)


def is_own_list(headers: Sequence[str], answers: Mapping[str, object]) -> bool:
    """Whether a file with these columns is a list of the vendor's own: of no format, and not handed out by us, or said
    to be one of offers."""
    return known_format(headers, answers) is None and (not is_ours(headers) or answers.get(KIND) == OFFER)


def has_no_quotes(headers: Sequence[str]) -> bool:
    """Whether files with these columns, where tabs separate them, have no quoted cells, so each quote is a letter."""
    known = format_of(headers)
    return known is not None and known.unquoted


@lru_cache(maxsize=512)
def _format_of(headers: tuple[str, ...]) -> Format | None:
    keys = frozenset(normalise(header) for header in headers)
    found = [(size, one) for one in FORMATS if (size := _fit(one, keys))]
    most = max((size for size, _ in found), default=0)
    best = [one for size, one in found if size == most]
    return best[0] if len(best) == 1 else None


def _fit(known: Format, keys: frozenset[str]) -> int:
    """How many columns of the format's signature a file has; 0 if not all of any."""
    exact, spelled = _EXACT[known.id], _SPELLED[known.id]

    def has(role: str) -> bool:
        if not exact[role].isdisjoint(keys):
            return True
        begins = [key for key, is_beginning in spelled[role] if is_beginning]
        return any(key.startswith(start) for start in begins for key in keys)

    return max((len(roles) for roles in known.signature if all(map(has, roles))), default=0)


def roles_of(known: Format, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Role → the headers of it, in the order in which the format names them, each header once."""
    names = name_headers(headers)
    keys = [normalise(name) for name in names]
    # Names may differ in signs alone: “¿Existencias?” says whether, “Existencias” how many.
    written: dict[str, set[str]] = {}
    for role, all_of in known.headers.items():
        for one in all_of:
            written.setdefault(one.casefold(), set()).add(role)
    meant = [written.get(name.strip().casefold()) for name in names]
    found: dict[str, tuple[str, ...]] = {}
    for role, spelled in _SPELLED[known.id].items():
        columns: dict[str, None] = {}
        for key, begins in spelled:
            for name, own, roles in zip(names, keys, meant, strict=True):
                if (own == key or (begins and own.startswith(key))) and (roles is None or role in roles):
                    columns.setdefault(name)
                    if not begins:
                        break
        if columns:
            found[role] = tuple(columns)
    role, before = known.behind
    if before in found:
        found[role] = names[names.index(found[before][0]) + 1 :]
    return {role: columns for role, columns in found.items() if columns}
