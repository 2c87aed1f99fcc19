"""What becomes of a file's bytes: rows, error rows, and none of it too large for memory."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from catalog.rules.problems import Code
from tests.uploads.feed.reading import GOOD, HEADER, WIDTH, Counted, cells, codes, feed, layout_of, read
from uploads.feed.lines import BLOCK, MAX_BROKEN_CELLS, FeedError, Lines
from uploads.feed.parser import Limits, Marks, Row, inspect, rows

original = Lines.give_back_all_but_first


class TestReadableRows:
    def test_a_row_has_one_cell_for_every_header(self) -> None:
        (row,) = read(feed(GOOD))
        assert row == Row(
            1, dict(zip(HEADER.split(","), GOOD.split(","), strict=True)), None, "", len(feed(GOOD)), 2, 2
        )

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
            ("P1,'Lamp',c,d,e,f", "stray_quote", "has ' around it"),
            ('P1,Lamp",c,d,e,f', "stray_quote", "don't pair up"),
            ('P1, "Lamp",c,d,e,f', "stray_quote", "White space stands before the quote"),
            ("# P1,Lamp,c,d,e,f", "commented_out", "begins with #"),
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
        joined = 'P1,"Lamp,c,d,9,5', GOOD, GOOD, 'P4,15",c,d,9,5', GOOD
        found = read(feed(*joined))  # as one row it would have six cells
        assert codes(found) == ["unclosed_quote", "", "", "stray_quote", ""]
        ragged = 'P1,"Lamp,c,d,9,5', GOOD, GOOD, 'P4,15",c', GOOD  # as one row it would have three
        assert codes(read(feed(*ragged))) == ["unclosed_quote", "", "", "stray_quote", ""]

    def test_lists_with_commas_and_line_breaks_in_a_cell_are_data(self) -> None:
        text = "red,green,blue,black,white,grey\n1,2,3,4,5,6\nend"
        assert cells(feed(f'P1,"{text}",c,d,e,f'))[0][1] == text

    def test_a_ragged_row_with_line_breaks_in_a_cell_is_one_error(self) -> None:
        found = read(feed('P1,"Lamp\nred\ngreen",c', GOOD))
        assert codes(found) == ["wrong_column_count", ""]
        assert found[0].raw == 'P1,"Lamp\nred\ngreen",c'

    def test_a_row_may_have_as_many_lines_as_it_likes(self) -> None:
        text = "a" + "\n" * 5_000 + "b"
        assert cells(feed('"' + text + '",b,c,d,e,f'))[0][0] == text

    def test_a_quoted_text_that_is_too_long_is_one_error(self) -> None:
        lines = "\n".join(["a line of a text"] * 12)
        found = read(feed(f'P1,"{lines}",c,d,e,f', GOOD), Limits(max_row_chars=100))
        assert codes(found) == ["row_too_long", ""]
        assert (found[1].number, found[1].line) == (2, 14)

    def test_an_open_quote_is_given_up_where_nothing_closes_it_for_long(self) -> None:
        found = read(feed('P1,"' + "x" * 60, *["y" * 60] * 6, GOOD), Limits(max_row_chars=100))
        assert codes(found) == ["unclosed_quote", *["wrong_column_count"] * 6, ""]

    def test_quotes_that_stay_open_cost_what_the_file_is_long(self) -> None:
        data = feed(*['P1,"Lamp,c,d,e', *["P2,,c,d,e,f"] * 3] * 500)
        with patch.object(Lines, "give_back_all_but_first", autospec=True) as give_back:
            back: list[int] = []

            def noting(lines: Lines) -> None:
                back.append(len(lines.taken) - 1)
                original(lines)

            give_back.side_effect = noting
            assert len(read(data)) == 2_000
        assert sum(back) <= 2 * 2_000

    def test_quotes_that_close_and_open_again_in_each_line_cost_what_the_file_is_long(self) -> None:
        lines = ['x","b'] * 5_000
        file = Counted(feed(*lines))
        with patch.object(Lines, "give_back_all_but_first", autospec=True) as give_back:
            back: list[int] = []

            def noting(lines: Lines) -> None:
                back.append(len(lines.taken) - 1)
                original(lines)

            give_back.side_effect = noting
            assert set(codes(rows(file, inspect(file)))) == {"unclosed_quote"}
        assert sum(back) <= (MAX_BROKEN_CELLS + 1) * (len(lines) + 2 * 200), "inspect looks at 200 rows"

    def test_a_line_of_a_text_is_never_a_row_where_the_closing_quote_ends_the_row(self) -> None:
        header = HEADER + ",description"
        sizes = "Sizes:\nS,M,L,XL,38,40,42\nP9,Lamp,Home,S9,1.00,1,15"
        assert cells(feed(f'{GOOD},"{sizes}"', header=header)) == [[*GOOD.split(","), sizes]]
        ragged = feed(f'{GOOD},7,"Replaces:\nP9,Lamp,Home,S9,1.00,1,15"', GOOD + ",x", header=header)
        assert codes(read(ragged)) == ["wrong_column_count", ""]

    def test_lines_of_a_text_in_the_middle_are_no_rows_unless_the_row_begins_and_ends_like_some(self) -> None:
        header = HEADER.replace("category", "description,category")
        text = "Replaces the old model:\nP9,Lamp,old,Home,S9,1.00,1\nand fits"
        found = cells(feed(f'P1,New,"{text}",Home,S1,9.99,5', header=header))
        assert found == [["P1", "New", text, "Home", "S1", "9.99", "5"]]

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


class TestWidth:
    NOTED = HEADER + ",note"

    def test_a_price_whose_comma_splits_it_in_every_row_is_no_empty_cell_at_the_end(self) -> None:
        split = "P1,Sofa,Home,S1,1,299.00,5,", "P2,Chair,Home,S2,1,499.00,7,"
        assert codes(read(feed(*split, header=HEADER + ",brand"))) == ["wrong_column_count"] * 2
        assert codes(read(feed("P1,Sofa,Home,S1,24,90,5,", header=HEADER + ",brand"))) == ["wrong_column_count"]

    def test_empty_cells_at_the_end_of_every_row_are_passed_over_wherever_the_only_other_row_stands(self) -> None:
        rows_ = [GOOD + ",,"] * 3_000
        assert codes(read(feed(*rows_))) == [""] * 3_000
        assert codes(read(feed(*rows_, GOOD))) == [*["wrong_column_count"] * 3_000, ""]
        assert codes(read(feed(*rows_, GOOD + ",7,", GOOD + ",,,"))) == [
            *["wrong_column_count"] * 3_000,
            "wrong_column_count",
            "wrong_column_count",
        ]
        assert codes(read(feed(*rows_, "Total,9.99", HEADER)))[:3_000] == [""] * 3_000

    def test_a_row_that_lacks_a_column_without_a_meaning_is_read_with_an_empty_cell_there(self) -> None:
        found = cells(feed(GOOD + ",new", GOOD, GOOD + ",", header=self.NOTED))
        assert [row[-1] for row in found] == ["new", "", ""]

    def test_the_only_such_row_is_an_error_where_all_others_have_something_there(self) -> None:
        found = read(feed(*[GOOD + ",new"] * 5, GOOD, header=self.NOTED))
        assert codes(found) == [*[""] * 5, "wrong_column_count"]

    def test_what_every_row_lacks_below_a_column_without_a_name_is_not_its_last_column(self) -> None:
        header = HEADER.replace(",category", ",,category") + ",note"
        assert set(codes(read(feed(GOOD + ",new", GOOD + ",old", header=header)))) == {"wrong_column_count"}

    def test_short_rows_behind_the_first_blocks_are_found(self) -> None:
        found = read(feed(*[GOOD + ",new"] * 20_000, GOOD, GOOD, header=self.NOTED))
        assert codes(found)[-2:] == ["", ""]

    def test_a_quote_may_be_why_a_row_is_short(self) -> None:
        found = read(feed(GOOD + ",new", 'P1"Lamp",x,Home,S1,9.99,5', GOOD, header=self.NOTED))
        assert codes(found) == ["", "wrong_column_count", ""]
        found = read(feed(GOOD + ",new", 'P1,"Lamp""big",Home,S1,9.99,5', GOOD, header=self.NOTED))
        assert codes(found) == ["", "wrong_column_count", ""]


class TestSheets:
    """Text that we wrote from a sheet ourselves: a record for each of its rows."""

    def test_rows_are_numbered_as_in_the_sheet_and_numbers_are_known(self) -> None:
        data = feed("P1,La\x1fmp,Home,S1,\x1f9.5,5", "", '"P2","two\nlines",Home,S2,1,5', GOOD, end="\r\n")
        file = io.BytesIO(data)
        found = list(rows(file, inspect(file, sheet="Products")))
        assert [(row.line, row.line_end) for row in found] == [(2, 2), (4, 4), (5, 5)]
        assert (found[0].cells["price"], found[0].numeric) == ("9.5", frozenset({"price"}))
        assert found[0].cells["product_name"] == "La\x1fmp"
        assert [list(rows(file, inspect(file, sheet="Products"), row.after)) for row in found] == [
            found[1:],
            found[2:],
            [],
        ]

    def test_the_rows_of_a_sheet_are_never_taken_apart(self) -> None:
        text = "x\n" + GOOD + "\n" + GOOD
        data = feed(f'P1,"Lamp,c,d,9,5\n{text}\nP4,15",c,d,9,5', '"a ""b"" c",\'d\',e,f,1,2')
        file = io.BytesIO(data)
        assert codes(rows(file, inspect(file, sheet="Products"))) == ["", ""]

    def test_a_row_of_a_sheet_that_is_too_long_is_one_error(self) -> None:
        limits = Limits(max_row_chars=200)
        lines = "\n".join([GOOD] * 500)
        file = io.BytesIO(feed(f'P1,"{lines}",c,d,9,5', GOOD))
        found = list(rows(file, inspect(file, limits, sheet="Products"), limits=limits))
        assert codes(found) == ["row_too_long", ""]
        assert [row.line for row in found] == [2, 3]


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


class TestGoingOn:
    DATA = feed(GOOD, "", 'P2,"a\nb",c,d,e,f', 'P3,"x', "short", GOOD, HEADER, "é,b,c,d,e,f", end="\r\n")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
    def test_from_every_row_on_the_rest_is_the_same(self, encoding: str) -> None:
        file = io.BytesIO(self.DATA.decode().encode(encoding))
        layout = inspect(file)
        whole = list(rows(file, layout))
        assert codes(whole) == ["", "", "unclosed_quote", "wrong_column_count", "", "repeated_header", ""]
        for done, row in enumerate(whole, 1):
            assert list(rows(file, layout, row.after)) == whole[done:]

    LONG = feed(*(f"P{number},{'x' * 1500} 🙂,c,d,e,f" for number in range(600)))

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
    def test_near_the_end_of_a_long_file_no_more_is_read_than_what_is_left_and_a_block(self, encoding: str) -> None:
        data = self.LONG.decode().encode(encoding)
        file, marks = Counted(data), Marks()
        layout = inspect(file)
        whole, noted = zip(*((row, marks.before(row.end)) for row in rows(file, layout, marks=marks)), strict=True)
        row, mark = whole[-10], noted[-10]
        file.served = 0
        assert list(rows(file, layout, row.after, marks=Marks(mark))) == list(whole[-9:])
        left = len(b"".join(self.LONG.splitlines(keepends=True)[-9:]).decode().encode(encoding))
        assert left <= file.served <= left + BLOCK < len(data) / 3

    def test_a_position_from_before_there_were_marks_is_decoded_to_once(self) -> None:
        data = self.LONG.decode().encode("utf-16")
        file, marks = Counted(data), Marks()
        layout = inspect(file)
        whole = list(rows(file, layout))
        row = whole[-10]
        file.served = 0
        rest = rows(file, layout, row.after, marks=marks)
        assert next(rest) == whole[-9]
        assert file.served > len(data) - 2 * BLOCK
        file.served = 0
        going_on = whole[-9].after
        assert list(rows(file, layout, going_on, marks=Marks(marks.before(going_on.offset)))) == whole[-8:]
        assert file.served <= 2 * BLOCK


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


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
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
    unreadable = set(list(Code)[: list(Code).index(Code.MISSING_VALUE)]) - {Code.NOT_STORED}  # the table's word
    source = Path(__file__).read_text()
    assert [code for code in unreadable if f'"{code.value}"' not in source] == []
