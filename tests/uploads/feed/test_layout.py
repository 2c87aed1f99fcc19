"""How a file is found to be read, and the one reason why it can't be read as a feed."""

import contextlib
import io
import json

import pytest

from tests.uploads.feed.reading import GOOD, HEADER, cells, codes, feed, layout_of, read, refusal
from uploads.feed.columns import Remembered, fingerprint
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Limits, inspect


class TestLayout:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_found(self, delimiter: str) -> None:
        data = feed(GOOD.replace(",", delimiter), header=HEADER.replace(",", delimiter))
        assert layout_of(data).delimiter == delimiter
        assert cells(data) == [GOOD.split(",")]

    def test_the_delimiter_is_the_one_under_which_most_columns_mean_a_field(self) -> None:
        header = HEADER.replace(",", ";") + ";a,b,c,d,e,f,g,h,i"
        assert layout_of(feed("1;2;3;4;5;6;7", header=header)).delimiter == ";"

    @pytest.mark.parametrize("delimiter", [";", "\t", "^"])
    def test_a_sep_line_is_honoured(self, delimiter: str) -> None:
        data = (
            b"SEP="
            + delimiter.encode()
            + b"\r\n"
            + feed(GOOD.replace(",", delimiter), header=HEADER.replace(",", delimiter))
        )
        assert layout_of(data).delimiter == delimiter
        assert layout_of(data).notes == ()
        assert cells(data) == [GOOD.split(",")]

    def test_a_sep_line_is_honoured_even_if_it_is_wrong(self) -> None:
        assert refusal(b"sep=;\n" + feed(GOOD)).code == "missing_columns"

    def test_blank_lines_above_the_header_are_passed_over(self) -> None:
        data = b"\r\n" * 50 + b",,,\n" + feed(GOOD)
        assert cells(data) == [GOOD.split(",")]
        assert layout_of(data).notes == ()

    @pytest.mark.parametrize(
        ("preamble", "note"),
        [
            (["Products of 2024"], "1 line above the header skipped."),
            (["Products", "", 'As of "today", all'], "3 lines above the header skipped."),
            (["x"] * 19, "19 lines above the header skipped."),
        ],
    )
    def test_lines_above_the_header_are_skipped_with_a_note(self, preamble: list[str], note: str) -> None:
        data = ("\n".join(preamble) + "\n").encode() + feed(GOOD)
        assert layout_of(data).notes == (note,)
        assert cells(data) == [GOOD.split(",")]

    def test_a_header_below_the_twentieth_line_is_not_looked_for(self) -> None:
        assert refusal(b"x\n" * 20 + feed(GOOD)).code == "missing_columns"

    def test_a_header_may_have_line_breaks(self) -> None:
        header = HEADER.replace("price", '"Price\n(EUR)"')
        data = feed(GOOD, header=header)
        assert layout_of(data).mapping.fields["price"] == "Price\n(EUR)"
        assert cells(data) == [GOOD.split(",")]

    def test_ignored_columns_are_noted_but_for_those_of_our_error_report(self) -> None:
        data = feed(GOOD + ",1,2", header=HEADER + ",colour,error_code")
        assert layout_of(data).notes == ("Columns ignored: colour.",)
        assert layout_of(data).mapping.ignored == ("colour", "error_code")

    def test_what_is_remembered_for_its_columns_is_used(self) -> None:
        data = feed(GOOD, header=HEADER.replace("price", "UVP"))
        headers = data.decode().splitlines()[0].split(",")
        known = {fingerprint(headers): Remembered({name: name for name in headers if name != "UVP"} | {"price": "UVP"})}
        layout = layout_of(data, memory=known.get)
        assert layout.mapping.fields["price"] == "UVP"

    def test_it_survives_json(self) -> None:
        layout = layout_of(b"Products\n" + feed("é" + GOOD + ",1", header=HEADER + ",colour").decode().encode("cp1252"))
        assert len(layout.notes) == 3
        assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout

    def test_columns_that_are_missing_are_left_to_be_asked(self) -> None:
        layout = layout_of(b"Our list\n\nname;Preis;Bestand\nLamp;9,99;5\n")
        assert layout.mapping.fields == {"product_name": "name", "price": "Preis", "stock_quantity": "Bestand"}
        assert layout.mapping.missing == ("vendor_product_id", "category", "sku")

    def test_a_header_in_words_that_only_lists_have_is_found_below_a_title(self) -> None:
        layout = layout_of("Прайс-лист\nАртикул;Наименование;Цена\nA-1;Лампа;450\n".encode())
        assert layout.headers == ("Артикул", "Наименование", "Цена")

    def test_the_file_is_left_rewound(self) -> None:
        for data in (feed(GOOD), b"", feed()):
            file = io.BytesIO(data)
            file.seek(3)
            with contextlib.suppress(FeedError):
                inspect(file)
            assert file.tell() == 0


class TestFilesThatAreNoFeed:
    @pytest.mark.parametrize(
        ("data", "code", "words"),
        [
            (b"", "empty_file", "empty"),
            (b"\xef\xbb\xbf", "empty_file", "empty"),
            (b"\xff\xfe", "empty_file", "empty"),
            (b"\n\r\n  \n,,,\n", "empty_file", "empty"),
            (b"sep=;\n", "missing_columns", "No header was found"),
            (b'"\n', "empty_file", "empty"),
            (b'"abc', "missing_columns", "No header was found"),
            (feed(), "no_rows", "no rows below it"),
            (feed("", ",,,"), "no_rows", "no rows below it"),
            (
                feed(GOOD, header="name," + "a" * 50),
                "missing_columns",
                "The header has no column for vendor_product_id, category, sku, price and stock_quantity. "
                "Found: name, aaaa",
            ),
            (
                b"hello \x01\nworld, this is a text in which one control character stands\n",
                "missing_columns",
                "Found: hello \x01.",
            ),
            (b"x\nname,category,price,sku\n", "no_rows", "no rows below it"),
            (b",".join(b"%d" % n for n in range(600)), "too_many_columns", "600 columns; at most 500"),
            (bytes(range(256)) * 40, "binary_file", "not a text file"),
        ],
    )
    def test_one_clear_reason_is_given(self, data: bytes, code: str, words: str) -> None:
        error = refusal(data)
        assert error.code == code
        assert words in error.message
        assert len(error.message) < 1500

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (
                b"PK\x03\x04\x14\0\x06\0....[Content_Types].xml",
                "an Excel workbook, not a CSV file. Open it and save it as CSV",
            ),
            (b"PK\x03\x04\x14\0\x06\0....xl/workbook.xml", "an Excel workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
            (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet"),
            (b"PK\x03\x04\x14\0\0\0feed.csv", "a ZIP archive, not a CSV file. Unpack it"),
            (b"\x1f\x8b\x08\0", "a gzip archive"),
            (b"BZh91AY&SY" + b"\0\1\2\3" * 5, "a bzip2 archive"),
            (b"\x89PNG\r\n\x1a\n", "a PNG image"),
            (b"\xff\xd8\xff\xe0", "a JPEG image"),
            (b"GIF89a", "a GIF image"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\x7fELF\2\1\1", "a program"),
            (b"MZ\x90\0\3" + b"\0" * 20, "a program"),
            (b"\xff\xfe\0\0a\0\0\0", "a UTF-32 text file"),
        ],
    )
    def test_other_formats_are_named(self, data: bytes, words: str) -> None:
        error = refusal(data + b"\n" + feed(GOOD))
        assert error.code == "binary_file"
        assert words in error.message

    def test_a_header_may_begin_like_a_program(self) -> None:
        assert cells(feed("1," + GOOD, header="MZ," + HEADER)) == [["1", *GOOD.split(",")]]

    def test_a_block_of_nul_at_the_end_is_an_error_row_not_a_binary_file(self) -> None:
        assert codes(read(feed(GOOD, "\0" * 5000))) == ["", "nul_character"]

    def test_many_headers_are_listed_in_part(self) -> None:
        error = refusal(",".join(f"column {n}" for n in range(300)).encode())
        assert "column 19 and 280 more" in error.message

    def test_an_endless_header_is_refused(self) -> None:
        assert refusal(b"a," * 1000, Limits(max_row_chars=1000)).code == "line_too_long"
