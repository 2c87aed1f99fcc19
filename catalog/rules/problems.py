"""What can be wrong with a file or a row: one code each, and the shape in which problems travel.

A problem speaks to the person who made the file: what is wrong, where, and what to do about it. The codes are
public: they are the `error_type` of `validation_errors`, so people filter and count by them.
"""

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
    INVALID_IMAGE_URL = "invalid_image_url"
    INVALID_ACTION = "invalid_action"
    # A row that only changes a product, and there is none
    UNKNOWN_PRODUCT = "unknown_product"
    # A shop's variant, whose product stands in another row
    VARIANT_WITHOUT_PRODUCT = "variant_without_product"
    # A value that was read without what didn't belong to it
    CLEANED = "cleaned"
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
        """Whether it only draws attention: warnings never keep a row out."""
        return is_warning(self)

    @property
    def label(self) -> str:
        words = self.value.replace("_", " ").capitalize()
        return (
            words.replace("Sku", "SKU")
            .replace("sku", "SKU")
            .replace("gtin", "GTIN")
            .replace(" url", " URL")
            .replace("Nul ", "NUL ")
            .replace(" record", " row")
        )


# What draws attention to a value that was read all the same. All other codes keep their row out.
WARNINGS: Final[frozenset[Code]] = frozenset(
    {Code.CLEANED, Code.GARBLED_TEXT, Code.RESTRICTED_GTIN, Code.MISSING_GTIN, Code.INVALID_IMAGE_URL}
)


def is_warning(code: str) -> bool:
    """Whether this code is a warning's; one that other programs wrote is an error's."""
    return code in WARNINGS


def label_of(code: str) -> str:
    """A code in words; one that other programs wrote as it stands."""
    return Code(code).label if code in list(Code) else code


class Problem(NamedTuple):
    """One thing that is wrong with one row.

    `field` is a field's name from fields.FIELDS, or "" for the row as a whole; `message` is a sentence for
    the vendor; `suggestion` is what to write instead, or "" where nothing is obvious.
    """

    field: str
    code: Code
    message: str
    suggestion: str = ""
