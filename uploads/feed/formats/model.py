"""What is known of an export's format, and how one file is understood by it: data, and its way through JSON.

A Format names columns by roles, since shops write their headers in several languages. A Plan is the same with the
headers of one file in place of the roles, and with what a person answered: all that `meaning` needs to read a row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, NamedTuple, Self

UPDATE: Final = "update"  # the mode of a list that can't bring new products

# Reasons by which a row is no product of its own.
PICTURE: Final = "picture"
VIDEO: Final = "video"
PARENT: Final = "parent"
GROUP: Final = "group"
GIFT_CARD: Final = "gift_card"
NOT_FOR_SALE: Final = "not_for_sale"
SOLD_ELSEWHERE: Final = "sold_elsewhere"
TRANSLATION: Final = "translation"
SERVICE: Final = "service"
CONTINUATION: Final = "continuation"
HEADING: Final = "heading"
TOTAL: Final = "total"
REMARK: Final = "remark"
ADDED_UP: Final = "added_up"  # its stock is part of another row's
BY_ANSWER: Final = "left_out"
NOT_IN_CATALOG: Final = "not_in_catalog"  # a list that can't bring new products has one
# Each for one row and for several, as people are told how many were left out.
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    PICTURE: ("{:,} picture row", "{:,} picture rows"),
    VIDEO: ("{:,} video row", "{:,} video rows"),
    PARENT: ("{:,} parent of variants", "{:,} parents of variants"),
    GROUP: ("{:,} group of other products", "{:,} groups of other products"),
    GIFT_CARD: ("{:,} row of a gift card", "{:,} rows of gift cards"),
    NOT_FOR_SALE: ("{:,} row that isn’t for sale in the shop", "{:,} rows that aren’t for sale in the shop"),
    SOLD_ELSEWHERE: ("{:,} product that is sold elsewhere", "{:,} products that are sold elsewhere"),
    TRANSLATION: ("{:,} translation", "{:,} translations"),
    SERVICE: ("{:,} service", "{:,} services"),
    CONTINUATION: ("{:,} further row of a product", "{:,} further rows of products"),
    HEADING: ("{:,} group heading", "{:,} group headings"),
    TOTAL: ("{:,} total", "{:,} totals"),
    REMARK: ("{:,} remark", "{:,} remarks"),
    ADDED_UP: ("{:,} row of another place, added up", "{:,} rows of other places, added up"),
    BY_ANSWER: ("{:,} row by your answer", "{:,} rows by your answer"),
    NOT_IN_CATALOG: ("{:,} product that isn’t in the catalog", "{:,} products that aren’t in the catalog"),
}


# Kinds of questions that rows may leave open, and answers to them.
EMPTY_SKU: Final = "empty_sku"
CATEGORY_FOR_ALL: Final = "category_for_all"
CATEGORY_VALUES: Final = "category_values"
QUANTITY: Final = "quantity_where_unknown"
NEGATIVE: Final = "negative_stock"
ROUND: Final = "round_prices"
REPAIR: Final = "repair_skus"
YES: Final = "true"
LEAVE: Final = "leave"
PRODUCT_ID: Final = "product_id"


@dataclass(frozen=True)
class Rule:
    """Rows that are left out: those whose cell in `column` is one of `words`, in small letters ("*": any that isn't
    empty, "": an empty one), or with `unless` any other that isn't empty.

    `carries`: their variants go with them. `said` is for people; {} is the cell. `only_without` is a role: the rule
    counts only in files without that column.
    """

    column: str
    words: tuple[str, ...]
    reason: str
    said: str
    carries: bool = False
    unless: bool = False
    only_without: str = ""


@dataclass(frozen=True)
class Group:
    """How the rows of a product with variants belong together.

    `kind`: "shared" (all have the same cell in `refers`, and only the head has one of `words` in `head`, or anything if
    there are no words), "named" (a variant has a key of its head in `refers`), "above" (the head is the nearest above),
    "summed" (rows with the same cell in `refers` are one product, whose stock is added up).
    `keys` are the columns, each with what stands before it in a reference, by which a head can be named.
    `parents`: a head that has variants is no product itself.
    """

    kind: str
    refers: str = ""
    head: str = ""
    words: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    parents: bool = False


@dataclass(frozen=True)
class Plan:
    """How one file is understood. Columns are given by their headers (in a Format's template by roles)."""

    format: str = ""
    """The Format's id; "" for a list of the vendor's own."""
    name: str = ""
    """What the file is called: "Shopify product export"."""
    machine_numbers: bool = False
    """Whether numbers are a program's: 1.250 is one and a quarter."""
    mode: str = ""
    """UPDATE for a file that can only change products that are there, or ""."""
    made_for_us: bool = False
    """Whether such a file was made for us, by its names or by what was chosen: its empty cells leave what is there, and
    a product that isn't in the catalog is an error. A list of another program has products that we don't."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → columns, of which the first that isn't empty counts."""
    options: tuple[str, ...] = ()
    """What follows the name: “Shirt – M / Sand”."""
    option_words: tuple[str, ...] = ()
    """In small letters: what stands there for no option."""
    option_values: str = ""
    """A regular expression whose first groups are the values in a cell of options; "" where the cell is one."""
    names_of_heads: bool = False
    """Whether what stands in a variant's name is something else, so that it has its head's."""
    options_of_variants: bool = False
    """Whether only a variant's cells are options; a product's own are all that it comes in."""
    handle: str = ""
    """The column whose cell makes up for a missing SKU, with the options."""
    id_for_sku: bool = False
    """Whether a missing SKU may be the product ID, if a person says so."""
    html: bool = False
    escapes: bool = False
    """Whether line breaks in texts are written as the two characters \\n."""
    apostrophes: bool = False
    """Whether an apostrophe before numbers and signs was put there by the shop."""
    barcodes: tuple[str, ...] = ()
    """Of the columns of the GTIN those that may have codes of any kind: what is no GTIN in them keeps no row out."""
    gtin_type: str = ""
    """The column that says of what kind a GTIN's cell is; "" where there is but one."""
    gtin_types: tuple[str, ...] = ()
    """In small letters: the kinds that are GTINs."""
    many_pictures: bool = False
    """Whether a cell lists all pictures of a product: the first is its picture."""
    own_pictures: tuple[str, ...] = ()
    """The only columns of the picture that are a variant's own; in the others it may have any of its product."""
    rules: tuple[Rule, ...] = ()
    pictures: tuple[str, ...] = ()
    """A row with nothing but these is a picture."""
    group: Group | None = None
    inherited: tuple[str, ...] = ()
    """Fields that a variant takes from its head where it has none."""
    thousands: str = ""
    """The sign that groups the digits of prices, as the file itself shows: 1,299 is a thousand then."""
    surcharge: str = ""
    """A variant's column with what is added to its head's price."""
    lists: str = ""
    """Characters between several categories of one cell."""
    paths: str = ""
    """What separates the steps of a category's path."""
    category_levels: bool = False
    """Whether the columns of a category are the steps of its path, from above."""
    category_numbers: bool = True
    """Whether a bare number in a category's cell is one."""
    stock_parts: str = ""
    """A regular expression that finds the numbers in a cell with the stock of several places: they are added up."""
    added: bool = False
    """Whether the stock columns are added up."""
    not_stocked: tuple[str, ...] = ()
    """In small letters: what counts nothing in a sum."""
    flags: tuple[str, ...] = ()
    """Columns that say whether there is any stock, where no column says how much."""
    tracker: str = ""
    """The column that says whether the stock is counted."""
    untracked: tuple[str, ...] = ()
    """In small letters: by these it isn't, and then an empty or a 0 quantity is none."""
    empty_is_unknown: bool = True
    """Whether a product without a quantity is there in an unknown quantity; otherwise the cell is missing."""
    stock_asked: bool = False
    """Whether it is asked yet which column has the stock, so nothing is known of any quantity."""
    own_list: bool = False
    """Whether headings, totals and remarks may stand between the rows."""
    ours: bool = False
    """Whether the file was handed out by us: nothing in it needs to be understood."""
    taken: tuple[str, ...] = ()
    """Reasons by which rows would be left out, and are taken all the same, as a person says."""
    category_for_all: str = ""
    category_values: Mapping[str, str | None] = field(default_factory=dict)
    other_categories_left: bool = False
    """Whether rows whose category is none of ours are left as errors, as somebody said."""
    quantity: str = ""
    negative_stock: str = ""
    empty_sku: str = ""
    round_prices: str = ""
    repair_skus: str = ""
    said: tuple[str, ...] = ()
    """What was taken for granted, in sentences."""

    @property
    def one_number(self) -> str:
        """The field that is read from the other one's column, where product ID and SKU are one number; else ""."""
        own, sku = self.columns.get("vendor_product_id", ()), self.columns.get("sku", ())
        if not own or not sku or own[0] != sku[0]:
            return ""
        return "sku" if self.id_first else "vendor_product_id"

    id_first: bool = False
    """Whether that column is the vendor's product ID in the first place."""

    @property
    def read_from(self) -> dict[str, tuple[str, ...]]:
        """Field → all columns that have a part in it: options are added to the name, flags say whether there is any."""
        more = {"product_name": self.options, "stock_quantity": self.flags}
        found = {meant: (*columns, *more.get(meant, ())) for meant, columns in self.columns.items()}
        return found | ({"stock_quantity": self.flags} if self.flags and "stock_quantity" not in found else {})

    def to_json(self) -> dict[str, Any]:
        """Without what is as it is by default."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        changed = {name: value for name, value in found.items() if value != getattr(NOTHING, name)}
        for name, value in changed.items():
            if name == "rules":
                changed[name] = [rule.__dict__ for rule in value]
            elif name == "group":
                changed[name] = value.__dict__
        return changed

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The Plan whose to_json() went through JSON to become `data`."""
        known = {one.name for one in fields(cls)}
        found = {name: _tuples(value) for name, value in data.items() if name in known}
        found["rules"] = tuple(Rule(**_all_tuples(rule)) for rule in data.get("rules", ()))
        found["group"] = Group(**_all_tuples(data["group"])) if data.get("group") else None
        found["columns"] = _all_tuples(data.get("columns", {}))
        found["category_values"] = dict(data.get("category_values", {}))
        return cls(**found)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def _all_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuples(value) for name, value in values.items()}


NOTHING: Final = Plan()


@dataclass(frozen=True)
class Format:
    """An export that many people send.

    `headers`: role → how it is called, in all languages; a `*` at the end stands for the rest of a name. A file has the
    format if for one of `signature` it has columns of all its roles. `template` is the Plan by roles. `asks` are roles
    of columns that could all be a field: which one it is a person says, if the file has several; of those with a `*`
    all count together. `said` is what is taken for granted.
    """

    id: str
    name: str
    headers: Mapping[str, tuple[str, ...]]
    signature: tuple[tuple[str, ...], ...]
    template: Plan
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prefers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → roles, of which the first that the file has is the only one that is read."""
    said: tuple[str, ...] = ()
    behind: tuple[str, str] = ("", "")
    """A role without a name of its own, and the role behind whose column all further ones are it."""
    unquoted: bool = False
    """Whether quotes in it are letters, where tabs separate the cells."""


class Reason(NamedTuple):
    """Why a row is left out: a word for programs, and a sentence."""

    reason: str
    said: str


def placed(template: Plan, headers_of: Callable[[Iterable[str]], tuple[str, ...]], roles: Iterable[str]) -> Plan:
    """The template with headers in place of roles; what the file has no column for is gone."""
    have = frozenset(roles)

    def one(role: str) -> str:
        return next(iter(headers_of([role])), "") if role else ""

    group = template.group
    if group:
        keys = tuple((header, before) for role, before in group.keys if (header := one(role)))
        head = one(group.head)
        variants = group.variants if head else ()  # without that column they are known by whom they name
        group = replace(group, refers=one(group.refers), head=head, keys=keys, variants=variants)
        lacks = group.kind in ("shared", "named", "summed") and not group.refers
        group = None if lacks or (group.kind in ("shared", "above") and not group.head) else group
    rules = tuple(
        replace(rule, column=one(rule.column))
        for rule in template.rules
        if one(rule.column) and rule.only_without not in have
    )
    columns = {meant: headers_of(found) for meant, found in template.columns.items()}
    if template.gtin_type and not one(template.gtin_type):
        columns.pop("gtin", None)  # the cells may be of any kind
    return replace(
        template,
        columns={meant: found for meant, found in columns.items() if found},
        options=headers_of(template.options),
        handle=one(template.handle),
        rules=rules,
        pictures=headers_of(template.pictures),
        barcodes=headers_of(template.barcodes),
        gtin_type=one(template.gtin_type),
        own_pictures=headers_of(template.own_pictures),
        group=group,
        surcharge=one(template.surcharge),
        flags=headers_of(template.flags),
        tracker=one(template.tracker),
    )
