"""Text that would run, hide or turn around what it stands in, and how to see whether a page or a file lets it.

Shared by the tests of the admin (test_hostile_cells.py) and of the vendors' pages (test_hostile_vendor_pages.py).
"""

import csv
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import openpyxl  # type: ignore[import-untyped] # no types of its own

from config.web.text import visible

SCRIPT = "<script>alert(1)</script>"
TEMPLATE = "{{ 7*7 }}"
CELLS = [
    "=1+1", "@SUM(A1)", "+1", "-2+3", "\t=2+2", "\r=3+3", SCRIPT, '" onmouseover="x', "<img src=x onerror=alert(2)>",
    "</textarea></title></script><b onclick=x>", TEMPLATE, "{% load x %}", "=cmd|' /C calc'!A0", "＝1+1",
    "x;=4+4", 'x;"=5+5"', "x\n-6+6", "x\t@7", "javascript:alert(3)", "'=8+8",
]  # fmt: skip
# Text that shows nothing, or something else than it is; and that of other languages than HTML and spreadsheets.
STRANGE = [
    "bell\x07 and \x1b[31mred", "\x01\x1fx\x7f", "zero\u200bwidth\ufeffs", "soft\u00adhyphen", "inv\u202egnp.exe",
    "isol\u2066ated", "a\u200fb\u200ec\u061cd", "👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "עברית 12 (a)", "'; DROP TABLE products;--",
    "' OR 1=1) --", "%s %(x)s {0} ${7*7} <%= 7*7 %>", "%00 %2e%2e/..", "\\N \\' \\\\", "_x0001_ and _x005F_",
    "é\u0301\u0301 Ａ", "null and void", "\U0001f4a9\U000f0000",
]  # fmt: skip
LONG = ["y" * 500, "z" * 10_000]
# What a spreadsheet would run at the start of a cell.
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_csv(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


# --- pages -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and its text with that of inputs and titles.

    `against` is what came alive; `unseen` the text in which characters are that show nothing or turn others around,
    but for what is to be edited.
    """

    EDITED = ("textarea", "option")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tag = "", ""
        self.against: list[tuple[str, str, str | None]] = []
        self.unseen: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        for name, value in attrs:
            self.text += f"\n{value}"
            # The only handler among import-export's own: its check boxes for columns
            if name.startswith("on") and value != "onSelectToggleChange(event)":
                self.against.append((tag, name, value))
            if name in ("href", "src", "action", "formaction") and not re.match(r"[/?#.]|$|https?://", value or ""):
                self.against.append((tag, name, value))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tag == "script" and any(cell.strip() in data for cell in (*CELLS, "alert(")):
            self.against.append(("script", "", data))
        if self.tag not in self.EDITED and visible(data) != data:
            self.unseen.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""


def page_of(response: Any, address: str) -> Page | None:
    """The page, after a look for what came alive in it; None for a download."""
    nothing_asked = (404,) if address.endswith("/counts/") else ()  # figures of no filter
    assert response.status_code in (200, 302, 403, 405, *nothing_asked), address
    if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    page = Page(response.content.decode())
    assert page.against == [], address
    return page


def harmless(response: Any, address: str) -> str:
    """The page's text, after a look for what came alive in it; of a download none, those are for `CHECKS`."""
    page = page_of(response, address)
    return page.text if page else ""


# --- files that we hand out ------------------------------------------------------------------------------------


def csv_cells(content: bytes) -> list[str]:
    text = content.decode("utf-8-sig")
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def check_csv(content: bytes) -> list[str]:
    """Cells that would run, in whatever country: there may be more cells where the list separator is a semicolon."""
    cells = csv_cells(content)
    assert len(cells) > 5
    inner = (re.split(r"[;\t\r\n]", cell.lstrip("'\t\r\n"))[1:] for cell in cells)
    pieces = [piece.lstrip('"') for parts in inner for piece in parts]
    return [cell for cell in cells + pieces if cell.startswith(RUNS)]


def check_xlsx(content: bytes) -> list[str]:
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content)).active.rows for cell in row]
    assert len(cells) > 5
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    return [*(str(cell.value) for cell in cells if cell.data_type == "f"), *(t for t in texts if t.startswith(RUNS))]


CHECKS: dict[str, Callable[[bytes], list[str]]] = {"csv": check_csv, "xlsx": check_xlsx}
