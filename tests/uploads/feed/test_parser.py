"""What becomes of a file's bytes: rows, error rows, or one reason why the file can't be read as a feed."""

import contextlib
import csv
import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from uploads.feed.lines import BLOCK
from uploads.feed.parser import Layout, Limits, Position, Row, inspect, rows
from uploads.feed.problems import Code, FeedError

HEADER = "vendor_product_id,product_name,category,sku,price,stock_quantity"
GOOD = "P1,Lamp,Home,S1,9.99,5"
WIDTH = 6


def feed(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *lines)).encode()


def read(data: bytes, limits: Limits | None = None, saved: dict[str, str] | None = None) -> list[Row]:
    file = io.BytesIO(data)
    limits = limits or Limits()
    return list(rows(file, inspect(file, limits, saved), limits=limits))


def layout_of(data: bytes, **kwargs: Any) -> Layout:
    return inspect(io.BytesIO(data), **kwargs)


def codes(found: Iterable[Row]) -> list[str]:
    """ "" for a readable row."""
    return [row.problem.code.value if row.problem else "" for row in found]


def cells(data: bytes) -> list[list[str]]:
    found = read(data)
    assert codes(found) == [""] * len(found)
    return [list(row.cells.values()) for row in found]


def refusal(data: bytes, limits: Limits | None = None) -> FeedError:
    with pytest.raises(FeedError) as caught:
        layout_of(data, limits=limits or Limits())
    return caught.value


class TestReadableRows:
    def test_a_row_has_one_cell_for_every_header(self) -> None:
        (row,) = read(feed(GOOD))
        assert row == Row(1, dict(zip(HEADER.split(","), GOOD.split(","), strict=True)), None, "", len(feed(GOOD)))

    @pytest.mark.parametrize(
        "cell", [" x ", "=cmd|' /C calc'!A0", "<script>", "\x1b[0m", "“”", "\u2028", "a\x0bb", "🙂", "\x85"]
    )
    def test_cells_come_as_they_stand_in_the_file(self, cell: str) -> None:
        assert cells(feed(f"{cell},b,c,d,e,f"))[0][0] == cell

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_all_line_ends_are_understood(self, end: str) -> None:
        assert cells(feed(GOOD, GOOD, end=end)) == [GOOD.split(",")] * 2

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends_in_quoted_cells_are_kept(self, end: str) -> None:
        assert cells(feed(f'"a{end}b",b,c,d,e,f', end=end))[0][0] == f"a{end}b"

    def test_line_ends_may_be_mixed(self) -> None:
        assert len(read(f"{HEADER}\r{GOOD}\n{GOOD}\r\n{GOOD}".encode())) == 3

    def test_a_last_line_without_line_end_is_a_row(self) -> None:
        assert cells(feed(GOOD).rstrip()) == [GOOD.split(",")]

    @pytest.mark.parametrize("shift", range(-2, 3))
    def test_a_line_end_may_fall_on_the_edge_of_a_block(self, shift: int) -> None:
        fill = BLOCK - len(GOOD) + 1 + shift  # blocks are counted from the first row on
        data = f"{HEADER}\r\n{'x' * fill},{GOOD[3:]}\r\n{GOOD}\r\n".encode()
        found = read(data, Limits(max_cell_chars=BLOCK))
        assert [row.end for row in found] == [len(data) - len(GOOD) - 2, len(data)]

    def test_a_quote_inside_an_unquoted_cell_is_data(self) -> None:
        assert cells(feed('P1,15" laptop,c,d"",e,f'))[0][1:4] == ['15" laptop', "c", 'd""']

    def test_doubled_quotes_and_delimiters_in_quoted_cells_are_data(self) -> None:
        assert cells(feed('P1,"15"" laptop, new",c,d,e,f'))[0][1] == '15" laptop, new'

    def test_extra_cells_that_are_empty_do_no_harm(self) -> None:
        assert cells(feed(GOOD + ",, ,")) == [GOOD.split(",")]

    @pytest.mark.parametrize("blank", ["", "   ", ",,,,,", " ,,,,,", ", ,\t,,,,,,", '"","","","","",""', "\u00a0"])
    def test_blank_lines_are_no_rows_and_do_not_count(self, blank: str) -> None:
        assert [row.number for row in read(feed(blank, GOOD, blank, blank, GOOD, blank))] == [1, 2]

    def test_a_row_whose_first_cell_only_is_blank_is_a_row(self) -> None:
        assert cells(feed(" ,b,c,d,e,f", ",b,c,d,e,f")) == [[" ", *"bcdef"], ["", *"bcdef"]]

    def test_repeated_and_empty_headers_get_names_of_their_own(self) -> None:
        found = read(feed(GOOD + ",1,2,3", header=HEADER + ",colour,,colour"))
        assert list(found[0].cells)[WIDTH:] == ["colour", "column_8", "colour (2)"]


class TestErrorRows:
    @pytest.mark.parametrize(
        ("line", "code", "words"),
        [
            ("a,b,c,d,e", "wrong_column_count", "5 cells, the header has 6"),
            ("a", "wrong_column_count", "1 cell, the header has 6"),
            ("a,b,c,d,e,f,g", "wrong_column_count", "7 cells, the header has 6"),
            ('P1,"Lamp" big,c,d,e,f', "stray_quote", "after its closing quote"),
            ('P1,"Lamp,c,d,e,f', "unclosed_quote", "not closed"),
            ("P1,La\0mp,c,d,e,f", "nul_character", "NUL"),
            (HEADER, "repeated_header", "repeats the header"),
            ("\ufeff" + HEADER, "repeated_header", "repeats the header"),
        ],
    )
    def test_a_row_that_cannot_be_read_is_reported_and_the_next_rows_are_read(
        self, line: str, code: str, words: str
    ) -> None:
        found = read(feed(GOOD, line, GOOD, GOOD))
        assert codes(found) == ["", code, "", ""]
        assert [row.number for row in found] == [1, 2, 3, 4]
        bad = found[1]
        assert bad.problem is not None
        assert words in bad.problem.message
        assert bad.problem.suggestion
        assert bad.problem.field == ""
        assert bad.cells == {}
        assert bad.raw == line.replace("\0", "␀")

    def test_a_hint_names_the_delimiter(self) -> None:
        (row,) = read(feed("a;b;c;d;e;f;g", header=HEADER.replace(",", ";")))
        assert row.problem is not None
        assert row.problem.suggestion == "Put a cell that contains a semicolon in quotes."

    def test_a_stray_quote_does_not_swallow_the_rows_up_to_the_next_quoted_cell(self) -> None:
        found = read(feed('P1,"Lamp,c,d,e,f', GOOD, GOOD, 'P4,"a ""b""",c,d,e,f', GOOD))
        assert codes(found) == ["unclosed_quote", "", "", "", ""]

    def test_a_stray_quote_that_meets_another_does_not_swallow_the_rows_between(self) -> None:
        joined = 'P1,"Lamp,c,d,e,f', GOOD, GOOD, 'P4,15",c,d,e,f', GOOD
        found = read(feed(*joined))  # as one row it would have six cells
        assert codes(found) == ["unclosed_quote", "", "", "", ""]
        assert found[3].cells["product_name"] == '15"'
        ragged = 'P1,"Lamp,c,d,e,f', GOOD, GOOD, 'P4,15",c', GOOD  # as one row it would have three
        assert codes(read(feed(*ragged))) == ["unclosed_quote", "", "", "wrong_column_count", ""]

    def test_lists_with_commas_and_line_breaks_in_a_cell_are_data(self) -> None:
        text = "red,green,blue,black,white,grey\n1,2,3,4,5,6\nend"
        assert cells(feed(f'P1,"{text}",c,d,e,f'))[0][1] == text

    def test_a_ragged_row_with_line_breaks_in_a_cell_is_one_error(self) -> None:
        found = read(feed('P1,"Lamp\nred\ngreen",c', GOOD))
        assert codes(found) == ["wrong_column_count", ""]
        assert found[0].raw == 'P1,"Lamp\nred\ngreen",c'

    def test_an_open_quote_is_given_up_at_the_limit_of_lines(self) -> None:
        limits = Limits(max_row_lines=3)
        assert codes(read(feed('P1,"1\n2\n3",c,d,e,f'), limits)) == [""]
        found = read(feed('P1,"1\n2\n3\n4",c,d,e,f', GOOD), limits)
        assert codes(found) == ["unclosed_quote", *["wrong_column_count"] * 3, ""]

    def test_a_row_may_have_two_hundred_lines_and_no_more(self) -> None:
        breaks = "\n" * 199
        assert cells(feed(f'"a{breaks}b",b,c,d,e,f'))[0][0] == f"a{breaks}b"
        found = read(feed(f'"a\n{breaks}b",b,c,d,e,f', GOOD))
        assert codes(found) == ["unclosed_quote", "", ""]

    def test_an_open_quote_is_given_up_at_the_limit_of_characters(self) -> None:
        found = read(feed('P1,"' + "x" * 60, "y" * 60, GOOD), Limits(max_row_chars=100))
        assert codes(found) == ["unclosed_quote", "wrong_column_count", ""]

    def test_a_row_may_be_as_long_as_the_limit_and_no_longer(self) -> None:
        limits = Limits(max_row_chars=100)
        ends = "é" * (100 - len(GOOD) - 1)  # characters count, not bytes
        found = read(feed(GOOD + ends, GOOD + ends + "x", GOOD), limits)
        assert codes(found) == ["", "row_too_long", ""]

    def test_a_line_over_many_blocks_is_one_error_row(self) -> None:
        limits = Limits(max_row_chars=1000)
        long = "0123456789" * (BLOCK // 4)
        found = read(feed(GOOD, long, GOOD, end="\r\n"), limits)
        assert codes(found) == ["", "row_too_long", ""]
        assert found[1].raw == long[:2000]
        assert found[1].end == len(feed(GOOD, long, end="\r\n"))
        assert codes(read(feed(GOOD, long).rstrip(), limits)) == ["", "row_too_long"]

    def test_a_long_line_inside_an_open_quote_is_a_row_of_its_own(self) -> None:
        found = read(feed('P1,"Lamp', "x" * 5000, GOOD), Limits(max_row_chars=1000))
        assert codes(found) == ["unclosed_quote", "row_too_long", ""]

    def test_a_cell_over_the_limit_is_named(self) -> None:
        found = read(feed("P1,Lamp,toolong,d,e,f", '"P1","Lamp",ok,d,e,f'), Limits(max_cell_chars=6))
        assert codes(found) == ["cell_too_long", ""]
        assert found[0].problem is not None
        assert found[0].problem.message == "The cell in “category” is longer than 6 characters."

    def test_raw_text_is_bounded(self) -> None:
        (row,) = read(feed("é" * 3000))
        assert row.raw == "é" * 2000

    def test_a_repeated_header_is_known_where_headers_were_renamed(self) -> None:
        header = f",x,{HEADER},x"
        assert codes(read(feed(header, f",1,{GOOD},2", header=header))) == ["repeated_header", ""]

    def test_a_second_table_below_the_first_becomes_error_rows(self) -> None:
        found = read(feed(GOOD, "", "warehouse,city", "W1,Berlin"))
        assert codes(found) == ["", "wrong_column_count", "wrong_column_count"]

    def test_joined_files_are_read_on(self) -> None:
        data = b"\xef\xbb\xbf" + feed(GOOD)
        found = read(data + data)
        assert codes(found) == ["", "repeated_header", ""]

    def test_too_many_rows_are_refused_when_reached(self) -> None:
        data = feed(GOOD, GOOD, GOOD)
        file = io.BytesIO(data)
        layout = inspect(file)
        assert len(list(rows(file, layout, limits=Limits(max_rows=3)))) == 3
        found = rows(file, layout, limits=Limits(max_rows=2))
        assert [next(found).number, next(found).number] == [1, 2]
        with pytest.raises(FeedError, match="more than 2 rows") as caught:
            next(found)
        assert caught.value.code == "too_many_rows"


class TestEncodings:
    @pytest.mark.parametrize(
        ("encoding", "bom", "name"),
        [
            ("utf-8", b"", "utf-8"),
            ("utf-8", b"\xef\xbb\xbf", "utf-8"),
            ("utf-16-le", b"\xff\xfe", "utf-16-le"),
            ("utf-16-be", b"\xfe\xff", "utf-16-be"),
            ("utf-16-le", b"", "utf-16-le"),
            ("utf-16-be", b"", "utf-16-be"),
        ],
    )
    def test_unicode_is_recognised_with_and_without_byte_order_mark(self, encoding: str, bom: bytes, name: str) -> None:
        line = "P1,Kühlschrank – groß 🙂,Küche,S1,9.99,5"
        data = bom + feed(line, GOOD).decode().encode(encoding)
        assert layout_of(data).encoding == name
        assert layout_of(data).headers == tuple(HEADER.split(","))
        assert layout_of(data).notes == ()
        assert cells(data) == [line.split(","), GOOD.split(",")]

    @pytest.mark.parametrize(
        ("encoding", "line"),
        [
            ("cp1252", "P1,Kühlschrank „groß“ für 5 €,Küche,S1,9.99,5"),
            ("cp1252", "P1,Café,Food,S1,9.99,5"),
            ("cp1251", "P1,Холодильник большой,Кухня,S1,9.99,5"),
            ("cp1250", "P1,Příliš žluťoučký kůň úpěl ďábelské ódy,Dům,S1,9.99,5"),
            ("cp850", "P1,Kühlschrank für Wände,Küche,S1,9.99,5"),
        ],
    )
    def test_a_legacy_encoding_is_detected_and_stated(self, encoding: str, line: str) -> None:
        data = feed(*[line] * 5).decode().encode(encoding)
        assert cells(data)[0] == line.split(",")
        assert "The file is not UTF-8. It is read as" in layout_of(data).notes[0]

    def test_what_nothing_fits_is_read_as_windows_1252(self) -> None:
        layout = layout_of(feed("P1,x,c,d,e,f").replace(b"x", bytes(range(128, 256))))
        assert layout.encoding == "cp1252"
        assert "Windows-1252" in layout.notes[0]

    def test_a_byte_that_the_legacy_encoding_lacks_makes_its_row_an_error(self) -> None:
        lines = ["P1,Café,c,d,e,f"] * 9
        data = feed("P1,x\x7fx,c,d,e,f", *lines).decode().encode("cp1252").replace(b"\x7f", b"\x81")
        found = read(data)
        assert codes(found) == ["invalid_encoding", *[""] * 9]
        assert found[0].raw == r"P1,x\x81x,c,d,e,f"
        assert found[0].problem is not None
        assert "Windows-1252" in found[0].problem.message

    def test_a_few_bad_lines_do_not_make_a_file_other_than_utf_8(self) -> None:
        data = feed("P1,Café,c,d,e,f", "P1,Caf\x7f,c,d,e,f", "P1,Café,c,d,e,f").replace(b"\x7f", b"\xe9")
        found = read(data)
        assert codes(found) == ["", "invalid_encoding", ""]
        assert found[1].raw == r"P1,Caf\xe9,c,d,e,f"
        assert found[2].cells["product_name"] == "Café"
        assert layout_of(data).notes == ("Lines that are not valid UTF-8: 1. Their rows are reported as errors.",)

    def test_as_many_bad_lines_as_good_ones_do(self) -> None:
        data = feed("P1,Café,c,d,e,f", "P1,Caf\x7f,c,d,e,f").replace(b"\x7f", b"\xe9")
        assert layout_of(data).encoding == "cp1252"

    def test_a_byte_order_mark_is_believed(self) -> None:
        data = b"\xef\xbb\xbf" + feed("P1,Caf\x7f,c,d,e,f").replace(b"\x7f", b"\xe9")
        assert codes(read(data)) == ["invalid_encoding"]

    def test_a_bad_byte_in_a_row_with_line_breaks_is_one_error(self) -> None:
        data = feed('P1,"a\nb\x7f\nc",c,d,e,f', GOOD, "é,é,é,é,é,é", "é,é,é,é,é,é").replace(b"\x7f", b"\xe9")
        assert codes(read(data)) == ["invalid_encoding", "", "", ""]

    def test_a_bad_byte_in_a_line_with_an_open_quote_is_what_is_reported(self) -> None:
        data = feed('P1,"a\x7f', GOOD, "é,é,é,é,é,é", "é,é,é,é,é,é").replace(b"\x7f", b"\xe9")
        assert codes(read(data)) == ["invalid_encoding", "", "", ""]

    @pytest.mark.parametrize("broken", [b"\x00\xd8", b"\x00\xdc"])
    def test_half_a_character_in_utf_16_makes_its_row_an_error(self, broken: bytes) -> None:
        before, after = feed("P1,x", GOOD).decode().split("x")
        data = b"\xff\xfe" + before.encode("utf-16-le") + broken + (",c,d,e,f" + after).encode("utf-16-le")
        assert codes(read(data)) == ["invalid_encoding", ""]

    def test_utf_16_cut_in_half_loses_only_its_last_row(self) -> None:
        data = feed(GOOD, GOOD).decode().rstrip().encode("utf-16-le")[:-1]
        assert codes(read(data)) == ["", "invalid_encoding"]

    def test_invalid_bytes_in_a_header_are_shown(self) -> None:
        data = b"\xef\xbb\xbf" + feed(GOOD + ",1", header=HEADER + ",gr\x7f").replace(b"\x7f", b"\xf6\0")
        assert layout_of(data).headers[-1] == r"gr\xf6␀"


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

    def test_the_vendors_mapping_is_used(self) -> None:
        data = feed(GOOD, header=HEADER.replace("price", "UVP"))
        assert layout_of(data, saved_mapping={"uvp": "price"}).mapping.fields["price"] == "UVP"

    def test_it_survives_json(self) -> None:
        layout = layout_of(b"Products\n" + feed("é" + GOOD + ",1", header=HEADER + ",colour").decode().encode("cp1252"))
        assert len(layout.notes) == 3
        assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout

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
                feed(GOOD, header="a" * 50 + "," + HEADER[17:]),
                "missing_columns",
                "no column for vendor_product_id. Found: aaaa",
            ),
            (
                b"vendor_product_id,product_name,category,stock,\n1,2,3,4,\n",
                "missing_columns",
                "The header has no column for sku and price. "
                "Found: vendor_product_id, product_name, category, stock. Rename the columns or map them.",
            ),
            (
                b"hello \x01\nworld, this is a text in which one control character stands\n",
                "missing_columns",
                "Found: hello \x01.",
            ),
            (
                b"x\nname,category,price,sku\n",
                "missing_columns",
                "for vendor_product_id and stock_quantity. Found: name,",
            ),
            (feed(GOOD, header=HEADER + ",PRICE"), "duplicate_column", "both mean price"),
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


class TestGoingOn:
    DATA = feed(GOOD, "", 'P2,"a\nb",c,d,e,f', 'P3,"x', "short", GOOD, HEADER, "é,b,c,d,e,f", end="\r\n")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
    def test_from_every_row_on_the_rest_is_the_same(self, encoding: str) -> None:
        file = io.BytesIO(self.DATA.decode().encode(encoding))
        layout = inspect(file)
        whole = list(rows(file, layout))
        assert codes(whole) == ["", "", "unclosed_quote", "wrong_column_count", "", "repeated_header", ""]
        for done, row in enumerate(whole, 1):
            assert list(rows(file, layout, Position(row.end, row.number))) == whole[done:]


class _Generated(io.RawIOBase):
    """A file that is never in memory: a beginning, then one byte over and over."""

    def __init__(self, beginning: bytes, filler: bytes, size: int) -> None:
        self.beginning, self.filler, self.size, self.position, self.served = beginning, filler, size, 0, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= BLOCK
        size = min(size, self.size - self.position)
        piece = self.beginning[self.position : self.position + size]
        piece += self.filler * (size - len(piece))
        self.position += size
        self.served += size
        return piece


@pytest.fixture
def memory() -> Iterator[None]:
    """The test may not have more than 24 MB in memory at any time."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24_000_000


@pytest.mark.usefixtures("memory")
class TestMemory:
    SIZE = 200_000_000

    def test_an_endless_header_is_refused_without_reading_it_all(self) -> None:
        file = _Generated(b"", b"a", self.SIZE)
        with pytest.raises(FeedError) as caught:
            inspect(file)  # type: ignore[arg-type]  # RawIOBase is all that is needed
        assert caught.value.code == "line_too_long"

    @pytest.mark.parametrize("beginning", ["P1,x", 'P1,"x\n'])
    def test_an_endless_row_is_read_in_blocks(self, beginning: str) -> None:
        file = _Generated(feed(GOOD, beginning).rstrip(b"\n"), b"a", self.SIZE)
        layout = inspect(file)  # type: ignore[arg-type]
        found = list(rows(file, layout))  # type: ignore[arg-type]
        assert codes(found)[-1] == "row_too_long"
        assert found[-1].end == self.SIZE

    def test_a_large_file_of_blank_lines_is_read_in_blocks(self) -> None:
        file = _Generated(feed(), b"\n", 300_000)
        with pytest.raises(FeedError) as caught:
            inspect(file)  # type: ignore[arg-type]
        assert caught.value.code == "no_rows"


def test_csvs_own_limit_does_not_apply() -> None:
    limits = Limits(max_cell_chars=500_000)
    assert codes(read(feed("x" * 400_000 + ",b,c,d,e,f"), limits)) == [""]
    assert csv.field_size_limit() > 1_048_576


def test_every_code_for_unreadable_rows_is_tested_above() -> None:
    unreadable = list(Code)[: list(Code).index(Code.MISSING_VALUE)]
    source = Path(__file__).read_text()
    assert [code for code in unreadable if f'"{code.value}"' not in source] == []
