"""What each kind of problem means, in a sentence for somebody who knows spreadsheets and nothing of us."""

from collections.abc import Iterable, Mapping
from typing import Final

from catalog.rules.problems import Code

EXPLAINED: Final[Mapping[Code, str]] = {
    Code.WRONG_COLUMN_COUNT: "The row has more or fewer cells than the header, mostly for a separator inside a text.",
    Code.UNCLOSED_QUOTE: "A text begins with a quotation mark that nothing closes, so its end can't be found.",
    Code.STRAY_QUOTE: "A quotation mark stands inside a text that isn't enclosed in quotation marks itself.",
    Code.INVALID_ENCODING: "The row has characters that can't be read. Save the file as “CSV UTF-8”.",
    Code.NUL_CHARACTER: "The row has a character that no text may have, as files do that were damaged on their way.",
    Code.REPEATED_HEADER: "The header stands in the file once more, as it does when files are copied together.",
    Code.COMMENTED_OUT: "The row begins with #. It is no product, or the # has to go.",
    Code.ROW_TOO_LONG: "The row has more text than we can keep for one product.",
    Code.CELL_TOO_LONG: "One cell has more text than any cell may have; a missing quotation mark is a likely reason.",
    Code.NOT_STORED: "The database refused the row as it is, and said why. Change what it names, and send it again.",
    Code.MISSING_VALUE: "A cell that every product needs is empty, or has a word for nothing: N/A, [clear].",
    Code.TOO_LONG: "The text has more characters than fit. Shorten it.",
    Code.INVALID_CHARACTERS: "The cell has characters that can't be stored. Type it anew, or save the file as UTF-8.",
    Code.SPREADSHEET_ERROR: "The cell has an error of the spreadsheet, such as #N/A, and no value. Mend its formula.",
    Code.UNSAVED_FORMULA: "A formula's result wasn't saved. Open the file in Excel, save it, and send it again.",
    Code.GARBLED_VALUE: "Letters were turned into others, like CafÃ© for Café. Export the file anew, as “CSV UTF-8”.",
    Code.GARBLED_TEXT: "Letters were turned into others, like CafÃ© for Café. The text is stored as it came.",
    Code.INVALID_SKU: "A SKU has letters from A to Z, digits and . _ - / only. It is no date and no 4.7E+07 either.",
    Code.INVALID_PRICE: "The price can't be read as one amount. Write it like 12.50, without other words.",
    Code.PRICE_NOT_POSITIVE: "The price is 0 or below it. Every product has to cost something.",
    Code.PRICE_TOO_PRECISE: "The price has more than two digits behind the point. Round it to cents.",
    Code.PRICE_TOO_LARGE: "The price is higher than we can store. Perhaps its point is in the wrong place.",
    Code.OTHER_CURRENCY: "The price is in another currency than the upload. Send each currency in a file of its own.",
    Code.INVALID_CURRENCY: "The currency can't be told. Write its code of three letters, such as USD or EUR.",
    Code.INVALID_STOCK: "The stock isn't a whole number. Write how many there are, or 0 when it is sold out.",
    Code.NEGATIVE_STOCK: "The stock is below 0. Write 0 when it is sold out.",
    Code.STOCK_TOO_LARGE: "The stock is higher than we can store. Perhaps another number slipped into the column.",
    Code.UNKNOWN_CATEGORY: "The category isn't on our list. Choose one that is, for all rows at once if you like.",
    Code.INACTIVE_CATEGORY: "We take no products in this category at present. Choose another one.",
    Code.INVALID_GTIN: "The GTIN (EAN, UPC, ISBN) is no such number: its digits or its check digit are wrong.",
    Code.RESTRICTED_GTIN: "The GTIN is a number for use within a company, or of coupons; others can’t use it.",
    Code.BARCODE_NO_GTIN: "The code in a column of barcodes is no GTIN (EAN, UPC, ISBN), so none was stored.",
    Code.MISSING_GTIN: "The file has a column for GTINs, and this product has none. Marketplaces ask for them.",
    Code.INVALID_IMAGE_URL: "The picture’s address isn’t one on the web, so the product has no picture from it.",
    Code.INVALID_ACTION: "The action is no word that we know. Write retire where a product ends, else leave it empty.",
    Code.UNKNOWN_PRODUCT: "The row only changes a product, and your catalog has none with this ID or SKU, or both.",
    Code.VARIANT_WITHOUT_PRODUCT: "A variant of a product in another row. Give it an ID, a name and a category too.",
    Code.CLEANED: "The cell had something around or inside the value that is no part of it, and was read without.",
    Code.PRICE_CHANGED: "The price changed by more than half of what it was, or by the share that staff set.",
    Code.STOCK_ZERO: "The product was in stock and is sold out now. If many are at once, look at the file again.",
    Code.NAME_IN_CAPITALS: "All letters of the name are capitals, and they are many. Write it as people would read it.",
    Code.DESCRIPTION_SHORT: "The description has very few characters. Say what buyers want to know.",
    Code.HTML_LEFT: "A name or description has HTML in it, such as <br> or &amp;, which people see as it stands.",
    Code.CATEGORY_GUESSED: "The cell names several categories, or one below ours. Send the one of our list alone.",
    Code.PICTURE_MISSING: "The file has a column for pictures, and this product none in it. Products sell with one.",
    Code.RETIRED_PRODUCT: "The product is retired, and a row that only changes it leaves it so: nobody sees it.",
    Code.DUPLICATE_IN_FILE: "The same SKU or product ID stands in an earlier row of the file. That row counted.",
    Code.SKU_TAKEN: "The SKU isn't free: another product has it already. Give this one a SKU of its own.",
    Code.VENDOR_UNKNOWN: "The row names a vendor that isn't registered with us.",
    Code.VENDOR_NOT_ACTIVE: "Your account wasn't active when the row was checked. Once it is, retry the rows.",
    Code.VENDOR_MISMATCH: "The row names another vendor than the upload it belongs to.",
    Code.MALFORMED_RECORD: "A program sent this row in a shape that we can't use. It has to be sent anew.",
    Code.CANCELLED: "The upload was cancelled before this row's turn came.",
    Code.INTERNAL_ERROR: "Something failed on our side; the row may be right. Retry it.",
}


# What a row with this waits for, where its vendor wants that it is retried by itself then.
WAITS_FOR: Final[Mapping[str, str]] = {
    Code.UNKNOWN_CATEGORY: "the category is on our list",
    Code.INACTIVE_CATEGORY: "the category takes products again",
    Code.SKU_TAKEN: "no other product has its SKU any more",
    Code.VENDOR_NOT_ACTIVE: "the company is active",
}


def waits_for(codes: Iterable[str]) -> str:
    """When a row with these problems is right by itself, as half a sentence; "" where a person has to correct it."""
    wanted = list(dict.fromkeys(codes))
    return " and ".join(WAITS_FOR[code] for code in wanted) if all(code in WAITS_FOR for code in wanted) else ""


def explained(code: str) -> str:
    """The sentence for a code; "" for one that another program wrote."""
    return EXPLAINED[Code(code)] if code in list(Code) else ""
