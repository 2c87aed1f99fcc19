"""Files that aren't what the vendors' upload page needs: each is answered with a sentence that says what to do, and
nothing of it is kept.

What becomes of bytes is in behaviour/test_bad_input.py, file by file; here is what the page makes of them.
"""

import io
import zipfile
from typing import NamedTuple

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from tests.uploads.behaviour.test_bad_input import HEADER, ROW, SHEET, TABLE, feed, lying
from tests.workbooks import replaced, workbook, zipped
from uploads.aws import storage
from uploads.feed.workbook import OLE
from uploads.models import Job, UploadHistory
from vendors.models import VendorMember

pytestmark = pytest.mark.usefixtures("categories", "bucket")
CHOOSE = "/vendor/VEND001/upload/"


class Case(NamedTuple):
    name: str
    data: bytes
    says: str  # what to do, in words that the page has
    settings: dict[str, int] = {}


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><worksheet><sheetData>&c;</sheetData></worksheet>'
)
EMPTY_ROWS = b"<worksheet><sheetData>" + b"<row/>" * 1_000_000 + b"</sheetData></worksheet>"
WIDE = b'<worksheet><sheetData><row r="1">' + b'<c t="inlineStr"><is><t>x</t></is></c>' * 20_000 + (
    b"</row></sheetData></worksheet>"
)  # fmt: skip
LETTER = zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})
CASES = {
    "a picture": Case("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "CSV"),
    "a picture called .csv": Case("feed.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "CSV"),
    "a PDF": Case("list.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n" + bytes(300), "CSV"),
    "a letter": Case("list.docx", LETTER, "Copy its table into Excel"),
    "an old workbook": Case("old.xls", OLE + bytes(99) + "Workbook".encode("utf-16-le"), "Save as"),
    "a workbook with a password": Case(
        "secret.xlsx", OLE + bytes(99) + "EncryptedPackage".encode("utf-16-le"), "Take the password off"
    ),
    "JSON": Case("feed.json", b'[{"sku": "S1", "price": 9.99}]', "save it from there"),
    "a web page called .csv": Case("feed.csv", b"<!doctype html>\n<html><body>x</body></html>\n", "save it from there"),
    "a ZIP file": Case("feed.zip", packed(**{"feed.csv": feed(ROW)}), "npack"),
    "too large": Case("feed.csv", feed(*[ROW] * 9), "Split it", {"MAX_FILE_BYTES": 200}),
    "too many rows": Case("feed.csv", feed(*[ROW] * 9), "Split", {"MAX_FILE_ROWS": 5}),
    "a wrong encoding": Case("feed.csv", feed(ROW).decode().encode("utf-32"), "UTF-8"),
    "a zip bomb": Case("feed.xlsx", replaced(workbook(TABLE), {SHEET: b" " * 40_000_000}), "Copy the table"),
    "a zip bomb that lies": Case("feed.xlsx", lying(SHEET, b" " * 20_000_000), "save it again"),
    "a million empty rows": Case("feed.xlsx", replaced(workbook(TABLE), {SHEET: EMPTY_ROWS}), "Upload the one"),
    "20,000 columns": Case("feed.xlsx", replaced(workbook(TABLE), {SHEET: WIDE}), "Delete those"),
    "XML that grows": Case("feed.xlsx", replaced(workbook(TABLE), {SHEET: LAUGHS}), "save it again"),
    "half a workbook": Case("feed.xlsx", workbook(TABLE)[:-100], "save it again"),
    "an empty file": Case("feed.csv", b"", "Choose the one"),
    "blank lines": Case("feed.csv", b"\n\n\n", "Choose the one"),
    "an empty workbook": Case("feed.xlsx", workbook(), "Upload the one"),
    "a header alone": Case("feed.csv", feed(), "Add your products"),
}  # fmt: skip
JARGON = ("Traceback", "Exception", "codec", "byte 0x", "Errno", "zlib", "OLE", "NUL", "parser", "None")


@pytest.fixture
def uploader(client: Client, vendor: object) -> Client:
    user = User.objects.create_user("ada")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    client.force_login(user)
    return client


def kept() -> list[str]:
    """Everything in storage that is of VEND001 or waits to be confirmed."""
    days = storage.listing("incoming")[0]
    return storage.listing("feeds/VEND001")[1] + [n for day in days for n in storage.listing(f"incoming/{day}")[1]]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_file_is_answered_with_a_sentence_that_says_what_to_do(
    uploader: Client, settings: object, case: Case
) -> None:
    for name, value in case.settings.items():
        setattr(settings, name, value)
    before = kept()
    response = uploader.post(CHOOSE, {"file": SimpleUploadedFile(case.name, case.data)})
    assert response.status_code == 200
    problem = response.context["problem"]
    assert problem.endswith((".", "!")), problem
    assert case.says in problem, problem
    assert [word for word in JARGON if word in problem] == [], problem
    assert f'role="alert" id="problem">{escape(problem)}' in response.content.decode()
    assert not UploadHistory.objects.exists()
    assert not Job.objects.exists()
    assert kept() == before


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\x.csv": "x.csv",
    "C:\\Users\\ada\\feed.csv": "feed.csv",
    "x" * 500 + ".csv": "x" * 251 + ".csv",
    "inv\u202evsc.exe": "invvsc.exe",
    "a\u200b\x07\r\nb.csv": "ab.csv",
    "<img src=x onerror=alert(1)>.csv": "<img src=x onerror=alert(1)>.csv",
}


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_it_is_read_and_shown_by_a_harmless_name(uploader: Client, name: str) -> None:
    """As a browser sends it, and without the folders that it had there."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.replace("\\", "\\\\").encode()
        + b'"\r\nContent-Type: text/csv\r\n\r\n' + feed(ROW) + b"\r\n--x--\r\n"
    )  # fmt: skip
    response = uploader.post(CHOOSE, body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 200
    shown = response.context.get("file_name", "")
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    assert len(shown) <= 255
    assert escape(shown) in response.content.decode()
    assert HEADER.split(",")[0] in response.content.decode()
