"""Files that are no text with a table in it, told by how they begin: refused with what they are and what to do."""

from typing import Final

from uploads.feed.lines import FeedError

SAVE_AS: Final = "Open it and save it as CSV (“CSV UTF-8”), then upload that file."
UNPACK: Final = "Unpack it and upload the CSV file inside."
UTF32: Final = ("a UTF-32 text file", "Save it in Excel as “CSV UTF-8”, and upload that file.")
SAVE_FROM_THERE: Final = "save it from there as “CSV UTF-8”, and upload that file."
EXPORT: Final = "Upload the CSV file that your shop or spreadsheet exports."
# What files start with, most specific first: https://en.wikipedia.org/wiki/List_of_file_signatures
SIGNATURES: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", SAVE_AS),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),  # or one of ZIP_CONTENTS
    (b"PK\x05\x06", "an empty ZIP archive", EXPORT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"GIF8", "a GIF image", EXPORT),
    (b"%PDF-", "a PDF document", EXPORT),
    (b"\x7fELF", "a program", EXPORT),
    (b"MZ", "a program", EXPORT),
    (b"\xff\xfe\0\0", *UTF32),
    (b"\0\0\xfe\xff", *UTF32),
)
ZIP_CONTENTS: Final = (
    (b"[Content_Types].xml", "an Excel workbook", SAVE_AS),
    (b"xl/", "an Excel workbook", SAVE_AS),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet", SAVE_AS),
)
TEXT_LIKE: Final = (b"BZh", b"MZ")  # a header may start with these letters: other signs of a binary file are needed
# Text that is no table, though a CSV reader makes something of it: by how it begins, in small letters.
NO_TABLES: Final = (
    (b"<", "a web page or an XML file"),
    (b'{"', "a JSON file"),
    (b"[{", "a JSON file"),
)
CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1a"))


def refuse_other_formats(beginning: bytes) -> None:
    known = [entry for entry in SIGNATURES if beginning.startswith(entry[0])]
    if known and known[0][0].startswith(b"PK"):
        known = [entry for entry in ZIP_CONTENTS if entry[0] in beginning] + known
    if _looks_like_utf32(beginning):
        known.append((b"", *UTF32))
    if known and (known[0][0] not in TEXT_LIKE or looks_binary(beginning)):
        _, what, remedy = known[0]
        raise FeedError("binary_file", f"This is {what}, not a CSV file. {remedy}")
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if other := next((what for start, what in NO_TABLES if text.startswith(start)), ""):
        raise FeedError("no_table", f"This is {other}, not a CSV file. If it opens in Excel, {SAVE_FROM_THERE}")


def _looks_like_utf32(beginning: bytes) -> bool:
    """By the three NULs beside every ASCII letter: without byte order mark there is no other sign."""
    start = beginning[:200]
    return 0.6 * len(start) < start.count(0) < 0.8 * len(start)


def looks_binary(beginning: bytes) -> bool:
    """One control character in twenty bytes: random bytes have one in nine, text none."""
    controls = len(beginning) - len(beginning.translate(None, CONTROLS))
    return controls * 20 > len(beginning)
