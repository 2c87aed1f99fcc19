"""Product texts in the encodings that programs save them in: read as they were written, or asked about by name."""

import io
from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uploads.feed.reading import Counted, codes
from tests.uploads.feed.texts import TEXTS, WRITTEN_IN
from uploads.feed import lines
from uploads.feed.encodings import encoding
from uploads.feed.lines import MULTI_BYTE, FeedError, Marks, encoding_name
from uploads.feed.parser import Layout, Reading, Row, inspect, rows

HEADER = "vendor_product_id,product_name,category,sku,price,stock_quantity"
EACH = [(language, saved_in) for language, encodings in WRITTEN_IN.items() for saved_in in encodings]


def feed(names: list[str], saved_in: str, price: str = "9.90") -> bytes:
    """A row for each name, without those that the encoding can't hold."""
    lines = [HEADER, *(f'P{n},"{name}",Home,S{n},{price},5' for n, name in enumerate(names))]
    kept = [line.encode(saved_in) for line in lines if line.encode(saved_in, "ignore").decode(saved_in) == line]
    return b"\r\n".join([*kept, b""])


def layout_of(data: bytes, reading: Reading | None = None) -> Layout:
    return inspect(io.BytesIO(data), reading=reading)


def read(data: bytes, reading: Reading | None = None) -> list[Row]:
    file = io.BytesIO(data)
    return list(rows(file, inspect(file, reading=reading)))


def names(found: list[Row]) -> list[str]:
    return [row.cells["product_name"] for row in found]


def outcome(data: bytes, saved_in: str) -> str:
    """right, wrong, or asked."""
    if layout_of(data).questions:
        return "asked"
    expected = [line.split('"')[1] for line in data.decode(saved_in).splitlines()[1:]]
    return "right" if [row.cells.get("product_name") for row in read(data)] == expected else "wrong"


@pytest.mark.parametrize(("language", "saved_in"), EACH)
def test_a_file_is_read_in_the_encoding_that_it_was_saved_in(language: str, saved_in: str) -> None:
    data = feed(TEXTS[language], saved_in)
    assert data.count(b"\n") > 2
    assert outcome(data, saved_in) == "right"
    assert not layout_of(data).questions


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
@pytest.mark.parametrize(("language", "saved_in"), EACH)
def test_in_hundreds_of_english_rows_a_few_in_another_language_decide(language: str, saved_in: str) -> None:
    data = feed([*["Plain lamp"] * 400, *TEXTS[language], *["Lamp"] * 400], saved_in)
    assert outcome(data, saved_in) == "right"


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
def test_a_single_product_is_hardly_ever_read_wrong() -> None:
    """In Windows-1252 never; in others a letter or two may look like nothing but Windows-1252."""
    outcomes: Counter[tuple[bool, str]] = Counter()
    for language, saved_in in EACH:
        for name in TEXTS[language]:
            data = feed([name], saved_in)
            if not data.isascii() and data.count(b"\n") == 2:
                outcomes[saved_in == "cp1252", outcome(data, saved_in)] += 1
    assert outcomes[True, "wrong"] == 0
    assert outcomes[True, "asked"] <= 1
    assert outcomes[False, "wrong"] <= 24
    assert outcomes[False, "right"] > 300


# What a file of English products may have as its only characters beyond ASCII.
ONE_MARK = [
    "Nordica® pan", "AquaPeak™ bottle", "Children’s boots", "½ inch bolt", "1½ l bottle", "Men’s belt – brown",
    "Café table", "CAFÉ", "ROSÉ wine", "10,99 €", "€10.99", "20 °C", "20°C", "2 m²", "20 m³", "3 × 4 cm", "3×4", "Ø 20",
    "Ø20 mm", "10 µm", "50 µF", "© 2024 Acme", "±5 %", "“quoted” text", "«guillemets»", "and more…", "• bullet",
    "Nestlé", "L’Oréal", "Häagen-Dazs", "Citroën", "Jalapeño sauce", "Müller", "Åhléns", "naïve", "5 à 10 ans", "N° 5",
    "2ª", "10¢", "¥1000", "¿Qué?", "¡Hola!", "Smörgås", "8\xa0cm", "1\xa0299,00 €", "Lego® Star Wars™", "O’Neill",
    "rock ’n’ roll", "15” screen", "Zoë", "façade", "Bjørn", "groß", "cœur", "À LA CARTE", "Paris–Dakar shirt",
]  # fmt: skip


@pytest.mark.parametrize("name", ONE_MARK)
def test_a_single_mark_in_windows_1252_is_no_matter_of_doubt(name: str) -> None:
    assert outcome(feed(["Plain lamp", name], "cp1252"), "cp1252") == "right"


@pytest.mark.parametrize(
    ("price", "saved_in"),
    [
        ("10.99 €", "cp1252"), ("€10.99", "cp1252"), ("10.99€", "cp1250"), ("10.99 €", "iso8859_15"),
        ("10.99 €", "mac_roman"), ("£10.99", "cp1252"), ("£10.99", "mac_roman"), ("£10.99", "cp850"),
        ("¥1099", "cp1252"), ("10.99 zł", "cp1250"), ("10.99 Kč", "cp1250"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [1, 2, 4, 12, 300])
def test_a_byte_beside_a_number_is_a_currency_sign_where_it_can_be_one(price: str, saved_in: str, count: int) -> None:
    found = read(feed(["Lamp"] * count, saved_in, price))
    assert [row.cells["price"] for row in found] == [price] * count


@pytest.mark.parametrize(
    ("language", "saved_in", "reason", "word"),
    [
        ("German", "cp1252", "its letters and signs make sense in it", "Kühlschrank"),
        ("Polish", "cp1250", "its words read as Polish only in it", "Krzesło"),
        ("Russian", "koi8_r", "its words read as Russian", "Настольная"),
        ("simplified Chinese", "gb18030", "its words read as Chinese only in it", "台灯"),
        ("English, one mark", "mac_roman", "its signs stand where such signs stand only in it", "Nordica®"),
    ],
)
def test_what_was_chosen_is_said_with_the_reason(language: str, saved_in: str, reason: str, word: str) -> None:
    layout = layout_of(feed(TEXTS[language], saved_in))
    assert layout.encoding_reason.startswith(reason)
    assert f"“{word}”" in layout.encoding_reason
    assert f"It is read as {encoding_name(layout.encoding)}, since {layout.encoding_reason}." in layout.notes[0]


def test_what_can_be_several_encodings_is_a_question_that_shows_the_words_in_each() -> None:
    data = feed(["Crème brûlée"], "mac_roman")
    (question,) = layout_of(data).questions
    assert (question.id, question.kind) == ("encoding", "encoding")
    assert "mac_roman" in [choice.value for choice in question.choices]
    assert "Mac Roman (“Crème”, “brûlée”)" in question.text
    for reading in (Reading(encoding="mac_roman"), Reading(answers={"encoding": "mac_roman"})):
        answered = layout_of(data, reading)
        assert (answered.encoding, answered.encoding_reason, answered.questions) == ("mac_roman", "it was chosen", ())
        assert names(read(data, reading)) == ["Crème brûlée"]


def test_what_makes_sense_in_no_encoding_is_asked_about_too() -> None:
    noise = bytes(byte for byte in range(0xA1, 0x100) if byte % 3)
    assert layout_of(feed(["x"], "ascii").replace(b'"x"', noise)).questions


def test_where_the_header_is_not_understood_the_encoding_is_named_as_a_reason() -> None:
    data = "Vorname;Nummer\nCrème brûlée;1\n".encode("mac_roman")
    with pytest.raises(FeedError, match="Mac Roman") as caught:
        layout_of(data)
    assert caught.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    ("saved_in", "language", "name"),
    [("iso2022_jp", "Japanese", "ISO-2022-JP"), ("hz", "simplified Chinese", "HZ")],
)
def test_an_encoding_that_switches_is_refused_by_name(saved_in: str, language: str, name: str) -> None:
    with pytest.raises(FeedError, match=f"{name}.*CSV UTF-8") as caught:
        read(feed(TEXTS[language], saved_in))
    assert caught.value.code == "unknown_encoding"


def test_every_encoding_that_can_be_found_can_be_chosen() -> None:
    assert len({encoding_name(name) for name in encoding.ENCODINGS}) == len(encoding.ENCODINGS)
    for name in encoding.ENCODINGS:
        assert names(read(feed(["Lamp"], name), Reading(encoding=name))) == ["Lamp"]


def test_a_utf_8_file_whose_letters_were_turned_into_others_before_is_noted() -> None:
    garbled = [name.encode().decode("cp1252", "ignore") for name in TEXTS["French"]]
    (note,) = layout_of(feed(garbled, "utf-8")).notes
    assert "Letters were turned into others before the file was saved" in note
    assert layout_of(feed(TEXTS["French"], "utf-8")).notes == ()


def test_the_whole_file_is_looked_at_once() -> None:
    late = feed(["Lamp"] * 60_000, "cp1250") + feed(TEXTS["Polish"], "cp1250").split(b"\r\n", 1)[1]
    file = Counted(late)
    with patch.object(encoding, "MOST_WORDS", 50):
        assert inspect(file).encoding == "cp1250"
    assert file.served < 3 * len(late)  # once for the encoding, for a second table and for the first row


def test_a_letter_that_comes_late_in_a_long_file_counts() -> None:
    seen = encoding._Seen()
    with patch.object(encoding, "ALL_OF", 10):
        for name in ["Bär"] * 1_000 + ["Krzesło żółte"] + ["Bär"] * 1_000:
            seen.add(name.encode("cp1250"))
    assert set(seen.words) == {name.encode("cp1250") for name in ("Bär", "Krzesło", "żółte")}
    assert seen.weighed < 200


def test_of_a_file_with_ever_new_words_only_so_many_are_kept() -> None:
    seen = encoding._Seen()
    with patch.object(encoding, "MOST_WORDS", 500):
        for number in range(3_000):
            letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
            seen.add(f"Größe{letters}\n".encode("cp1252"))
    assert len(seen.words) == 500
    assert all(len(runs) <= 500 for runs in seen.runs.values())


wide_pieces = st.sampled_from(["木", "の", "椅子", "ab", ",", '"', "\n", "\r\n", "|", "P1,x,y,z,9,5\n"])


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
@given(
    st.lists(wide_pieces | st.binary(max_size=2), max_size=30),
    st.sampled_from(MULTI_BYTE),
    st.integers(1, 40),
)
@settings(max_examples=200)
def test_letters_of_several_bytes_are_gone_on_with_from_every_row(
    pieces: list[str | bytes], saved_in: str, block: int
) -> None:
    data = f"{HEADER}\n".encode() + b"".join(
        piece.encode(saved_in, "replace") if isinstance(piece, str) else piece for piece in pieces
    )
    file = io.BytesIO(data)
    try:
        layout = inspect(file, reading=Reading(encoding=saved_in))
    except FeedError:
        return
    whole = list(rows(file, layout))
    with patch.object(lines, "BLOCK", block):
        marks = Marks()
        noted = [(row, marks.before(row.end)) for row in rows(file, layout, None, marks=marks)]
        assert [row for row, _ in noted] == whole
        for done, (row, mark) in enumerate(noted, 1):
            assert list(rows(file, layout, row.after, marks=Marks(mark))) == whole[done:]


def test_a_letter_whose_second_byte_looks_like_a_delimiter_stays_whole() -> None:
    name = "ポリ袋 ソ能"  # in Shift JIS with the bytes 5C and 7C in it
    assert b"\x5c" in name.encode("cp932")
    assert names(read(feed([*TEXTS["Japanese"], name], "cp932")))[-1] == name


@pytest.mark.parametrize(
    ("saved_in", "broken"),
    [
        ("cp932", b"\x81"),
        ("cp932", b"\x82\xff"),
        ("gb18030", b"\xff\xc3\xa9"),
        ("euc_jp", b"\xc3\x80\xc3"),
        ("cp949", b"\xc9\x20"),
    ],
)
def test_bytes_that_are_no_letter_are_an_error_of_their_row_and_never_a_letter_together(
    saved_in: str, broken: bytes
) -> None:
    language = {"gb18030": "simplified Chinese", "cp949": "Korean"}.get(saved_in, "Japanese")
    good = feed(TEXTS[language], saved_in)
    found = read(good + b"P9,La" + broken + b" mp,Home,S9,9.90,5\r\n" + good.split(b"\r\n")[1])
    assert codes(found) == [""] * (len(found) - 2) + ["invalid_encoding", ""]
    assert found[-2].problem
    assert encoding_name(saved_in) in found[-2].problem.message
