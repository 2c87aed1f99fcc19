"""What can be wrong with a file or a row: one code each, how grave it is, and the shape in which problems travel.

A problem speaks to the person who made the file: what is wrong, where, and what to do about it. The codes are
public: they are the `error_type` of `validation_errors`, so people filter and count by them. KINDS has of each code
whether it is an error, which keeps its row out, or a warning, and whether staff may make a warning of it
(catalog.rules.severity).
"""

from collections.abc import Mapping
from enum import StrEnum
from gettext import NullTranslations
from typing import Final, NamedTuple

# One or many, in sentences. Django's would do, but nothing pure knows of it; gettext's own looks for catalogs on disk
# whenever it is called, which takes longer than reading the row that the sentence is about.
ngettext: Final = NullTranslations().ngettext


class Code(StrEnum):
    """The kinds of row problem. Values are stable; labels are for lists and charts."""

    # A row that could not be read
    WRONG_COLUMN_COUNT = "wrong_column_count"
    UNCLOSED_QUOTE = "unclosed_quote"
    STRAY_QUOTE = "stray_quote"
    INVALID_ENCODING = "invalid_encoding"
    NUL_CHARACTER = "nul_character"
    REPEATED_HEADER = "repeated_header"
    COMMENTED_OUT = "commented_out"
    ROW_TOO_LONG = "row_too_long"
    CELL_TOO_LONG = "cell_too_long"
    # One that DynamoDB refused
    NOT_STORED = "not_stored"
    # A value that is missing or wrong in itself
    MISSING_VALUE = "missing_value"
    TOO_LONG = "too_long"
    INVALID_CHARACTERS = "invalid_characters"
    GARBLED_VALUE = "garbled_value"
    GARBLED_TEXT = "garbled_text"
    SPREADSHEET_ERROR = "spreadsheet_error"
    UNSAVED_FORMULA = "unsaved_formula"
    INVALID_SKU = "invalid_sku"
    INVALID_PRICE = "invalid_price"
    PRICE_NOT_POSITIVE = "price_not_positive"
    PRICE_TOO_PRECISE = "price_too_precise"
    PRICE_TOO_LARGE = "price_too_large"
    OTHER_CURRENCY = "other_currency"
    INVALID_CURRENCY = "invalid_currency"
    INVALID_STOCK = "invalid_stock"
    NEGATIVE_STOCK = "negative_stock"
    STOCK_TOO_LARGE = "stock_too_large"
    UNKNOWN_CATEGORY = "unknown_category"
    INACTIVE_CATEGORY = "inactive_category"
    INVALID_GTIN = "invalid_gtin"
    RESTRICTED_GTIN = "restricted_gtin"
    MISSING_GTIN = "missing_gtin"
    BARCODE_NO_GTIN = "barcode_no_gtin"
    INVALID_IMAGE_URL = "invalid_image_url"
    INVALID_ACTION = "invalid_action"
    # A row that only changes a product, and there is none
    UNKNOWN_PRODUCT = "unknown_product"
    # A shop's variant, whose product stands in another row
    VARIANT_WITHOUT_PRODUCT = "variant_without_product"
    # A value that was read without what didn't belong to it
    CLEANED = "cleaned"
    # A value that can be stored, and is perhaps not what was meant (catalog.rules.severity.doubts)
    PRICE_CHANGED = "price_changed"
    STOCK_ZERO = "stock_zero"
    NAME_IN_CAPITALS = "name_in_capitals"
    DESCRIPTION_SHORT = "description_short"
    HTML_LEFT = "html_left"
    CATEGORY_GUESSED = "category_guessed"
    PICTURE_MISSING = "picture_missing"
    RETIRED_PRODUCT = "retired_product"
    # A row that clashes with other data
    DUPLICATE_IN_FILE = "duplicate_in_file"
    SKU_TAKEN = "sku_taken"
    VENDOR_UNKNOWN = "vendor_unknown"
    VENDOR_NOT_ACTIVE = "vendor_not_active"
    VENDOR_MISMATCH = "vendor_mismatch"
    # A record that another program put into the table in a shape we can't use
    MALFORMED_RECORD = "malformed_record"
    # Nobody's fault: the upload was cancelled first
    CANCELLED = "cancelled"
    # Our fault, never the vendor's
    INTERNAL_ERROR = "internal_error"

    @property
    def is_warning(self) -> bool:
        """Whether it only draws attention where staff said nothing else of it: warnings never keep a row out."""
        return is_warning(self)

    @property
    def label(self) -> str:
        words = self.value.replace("_", " ").capitalize()
        for written, meant in (
            ("Sku", "SKU"),
            ("sku", "SKU"),
            ("Nul ", "NUL "),
            ("Html", "HTML"),
            ("gtin", "GTIN"),
            (" url", " URL"),
            (" record", " row"),
        ):
            words = words.replace(written, meant)
        return words


ERROR: Final = "error"
WARNING: Final = "warning"


class Kind(NamedTuple):
    """What holds for all problems of a code.

    `severity` is what it is where staff said nothing else. `never` says why it can't be a warning, since no row with it
    could be stored as what it says; "" where it can. `only_in` are the fields in which it can be one, () for all.
    `threshold` is the bound at which there begins to be such a problem, and `bound` says it in words; staff may set
    another one.
    """

    severity: str = ERROR
    never: str = ""
    only_in: tuple[str, ...] = ()
    threshold: int | None = None
    bound: str = ""

    def bounded(self, threshold: int | None) -> str:
        """A bound in words, such as "below 10 characters"; "" where there is none."""
        return "" if threshold is None else (self.bound or "{:,}").format(threshold)


_UNREAD = Kind(never="The row can't be read, so nobody knows what to store.")
_NO_VALUE = Kind(never="There is no value to store, and no product without it.")
_UNSTORABLE = Kind(never="The value doesn't fit into the catalog as it stands, and any other would be made up.")
_NO_HOME = Kind(never="Nobody knows whose product it is.")
_CLASH = Kind(never="The catalog has each of them once, so one of the two rows would be lost.")
_WARNING = Kind(WARNING)

# Of every code. Each may be made an error; a warning only of what leaves a row that can be stored truthfully.
KINDS: Final[Mapping[Code, Kind]] = {
    Code.WRONG_COLUMN_COUNT: _UNREAD,
    Code.UNCLOSED_QUOTE: _UNREAD,
    Code.STRAY_QUOTE: _UNREAD,
    Code.INVALID_ENCODING: _UNREAD,
    Code.NUL_CHARACTER: _UNREAD,
    Code.REPEATED_HEADER: Kind(never="It is the header, and no product."),
    Code.COMMENTED_OUT: Kind(never="Somebody said that the row doesn't count."),
    Code.ROW_TOO_LONG: _UNSTORABLE,
    Code.CELL_TOO_LONG: _UNSTORABLE,
    Code.NOT_STORED: Kind(never="The database has refused it."),
    Code.MISSING_VALUE: _NO_VALUE,
    Code.TOO_LONG: _UNSTORABLE,
    Code.INVALID_CHARACTERS: _UNSTORABLE,
    # A SKU or product ID with other letters names another product.
    Code.GARBLED_VALUE: Kind(only_in=("product_name",)),
    Code.GARBLED_TEXT: _WARNING,
    Code.SPREADSHEET_ERROR: _NO_VALUE,
    Code.UNSAVED_FORMULA: _NO_VALUE,
    Code.INVALID_SKU: Kind(never="A SKU is what others find the product by, and this one can't be written by all."),
    Code.INVALID_PRICE: _NO_VALUE,
    Code.PRICE_NOT_POSITIVE: Kind(never="The catalog has no product that costs nothing."),
    Code.PRICE_TOO_PRECISE: Kind(never="It would have to be rounded, and nobody said how."),
    Code.PRICE_TOO_LARGE: _UNSTORABLE,
    Code.OTHER_CURRENCY: Kind(never="The amount would be stored in a currency that it isn't in."),
    Code.INVALID_CURRENCY: _NO_VALUE,
    Code.INVALID_STOCK: _NO_VALUE,
    Code.NEGATIVE_STOCK: _UNSTORABLE,
    Code.STOCK_TOO_LARGE: _UNSTORABLE,
    Code.UNKNOWN_CATEGORY: Kind(never="There is no such category to store it under."),
    Code.INACTIVE_CATEGORY: Kind(),
    Code.VARIANT_WITHOUT_PRODUCT: _NO_VALUE,
    Code.CLEANED: _WARNING,
    Code.PRICE_CHANGED: Kind(WARNING, threshold=50, bound="beyond {:,} percent"),
    Code.STOCK_ZERO: _WARNING,
    Code.NAME_IN_CAPITALS: Kind(WARNING, threshold=10, bound="from {:,} letters on"),
    Code.DESCRIPTION_SHORT: Kind(WARNING, threshold=10, bound="below {:,} characters"),
    Code.HTML_LEFT: _WARNING,
    Code.CATEGORY_GUESSED: _WARNING,
    Code.PICTURE_MISSING: _WARNING,
    Code.RETIRED_PRODUCT: _WARNING,
    # The row can be stored without it.
    Code.INVALID_GTIN: Kind(),
    Code.RESTRICTED_GTIN: _WARNING,
    Code.MISSING_GTIN: _WARNING,
    Code.BARCODE_NO_GTIN: _WARNING,
    Code.INVALID_IMAGE_URL: _WARNING,
    Code.INVALID_ACTION: Kind(never="Nobody knows what the row asks for."),
    Code.UNKNOWN_PRODUCT: Kind(never="There is no product to change."),
    Code.DUPLICATE_IN_FILE: _CLASH,
    Code.SKU_TAKEN: _CLASH,
    Code.VENDOR_UNKNOWN: _NO_HOME,
    Code.VENDOR_NOT_ACTIVE: Kind(never="Products are accepted from active vendors only."),
    Code.VENDOR_MISMATCH: _NO_HOME,
    Code.MALFORMED_RECORD: _UNREAD,
    Code.CANCELLED: Kind(never="Somebody ended the upload before."),
    Code.INTERNAL_ERROR: Kind(never="It never came to an end of the checks."),
}
_FOREIGN = Kind(never="It isn't one of our codes.")


def kind_of(code: str) -> Kind:
    """What holds for a code; one that other programs wrote is an error's."""
    return KINDS.get(code, _FOREIGN)  # type: ignore[call-overload,no-any-return] # a code is its value's equal


def is_warning(code: str) -> bool:
    """Whether this code is a warning's by default."""
    return kind_of(code).severity == WARNING


def label_of(code: str) -> str:
    """A code in words; one that other programs wrote as it stands."""
    return Code(code).label if code in list(Code) else code


class Problem(NamedTuple):
    """One thing that is wrong with one row.

    `field` is a field's name from fields.FIELDS, or "" for the row as a whole; `message` is a sentence for
    the vendor; `suggestion` is what to write instead, or "" where nothing is obvious. `severity` is error or warning
    where staff said which for this row; "" is what its code is by default.
    """

    field: str
    code: Code
    message: str
    suggestion: str = ""
    severity: str = ""

    @property
    def is_warning(self) -> bool:
        """Whether it only draws attention to the row, and doesn't keep it out."""
        return (self.severity or kind_of(self.code).severity) == WARNING

    @property
    def may_warn(self) -> bool:
        """Whether a row with it could be stored truthfully."""
        kind = kind_of(self.code)
        return not kind.never and (not kind.only_in or self.field in kind.only_in)
