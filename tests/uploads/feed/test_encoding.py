"""Product texts in the encodings that programs save them in: read as they were written, or refused by name."""

import io
from itertools import islice
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uploads.feed.reading import Counted, codes
from uploads.feed import encoding, lines
from uploads.feed.lines import MULTI_BYTE, FeedError, Marks
from uploads.feed.parser import Reading, Row, inspect, rows

HEADER = "vendor_product_id,product_name,category,sku,price,stock_quantity"

# Names of products, as shops in these languages have them.
TEXTS = {
    "English": ["Café table", "Men’s belt – brown", "Nordica® pan", "AquaPeak™ bottle", "“Big” lamp… 20°"],
    "English, one mark": ["Nordica® pan", "Plain lamp"],
    "English, apostrophes": ["Children’s boots", "Men’s belt"],
    "English, dashes": ["Water–proof boots", "Paris–Dakar shirt", "Lamp – red"],
    "English, signs": ["Bottle ½ l", "Cloth 2 m²", "Board 20×30", "Oven 200° C", "Vitamin 5 µg", "¡Hola! shirt"],
    "German": ["Größe für Männer", "Übergrößen Schürze", "Schöne Tür", "Straßenschuh weiß"],
    "French": ["Théière émaillée", "Crème brûlée à la rose", "Façade", "Garçon été", "Bouteille « Eau »"],
    "Spanish": ["Niño pequeño", "Cañón ¿qué?", "Jamón ibérico", "Lámpara de pie", "Talla 2ª"],
    "Portuguese": ["Coração não", "Maçã pão", "Ação canção", "Lâmpada"],
    "Italian": ["Caffè è più", "Città", "Perché no", "Tè verde"],
    "Dutch": ["Geïsoleerde beker", "Knieën", "Reünie", "Bébé"],
    "Swedish": ["Smörkniv från Åre", "Köksö", "Bäst på hösten", "Räkost"],
    "Danish": ["Rødgrød med fløde", "Æble på ø", "Køkken", "Blå stol"],
    "Icelandic": ["Þvottaefni", "Íslensk ull", "Skór á börn", "Ýmis verkfæri", "Blóm og ljóð"],
    "brands of several languages": ["Citroën car mat", "Müller yoghurt", "São Paulo shirt", "Señor taco", "Ærø mug"],
    "Polish": ["Żółta łódka dziecięca", "Krzesło dębowe ćwierć", "Świeca zapachowa", "Gąbka źródlana"],
    "Czech": ["Žlutá šála dětská", "Křeslo čalouněné", "Příbor nerezový", "Hůl dřevěná"],
    "Slovak": ["Žltý šál detský", "Stolička ľahká", "Príbor", "Kôš na bielizeň"],
    "Hungarian": ["Fűnyíró gép", "Őszi cipő", "Hűtőszekrény", "Asztali lámpa"],
    "Croatian": ["Čaša za vodu", "Dječji šešir", "Kuhinjski nož", "Ćevapi"],
    "Russian": ["Настольная лампа", "Кружка белая", "Стул деревянный", "РУБАШКА мужская"],
    "Ukrainian": ["Настільна лампа", "Чашка біла", "Стілець дерев'яний"],
    "Bulgarian": ["Настолна лампа", "Бяла чаша", "Дървен стол"],
    "Greek": ["Επιτραπέζιο φωτιστικό", "Κούπα λευκή", "Καρέκλα ξύλινη"],
    "Turkish": ["Masa lambası şık", "Çocuk ayakkabısı", "Gümüş kaşık", "İnce iğne"],
    "Lithuanian": ["Stalinė lempa", "Mėlynas puodelis", "Ąžuolinė kėdė", "Šiltas čiužinys"],
    "Japanese": ["デスクランプ", "白いマグカップ", "木の椅子", "男性用シャツ"],
    "Chinese": ["台灯 白色", "木椅子", "男式衬衫", "厨房用具"],
    "Chinese, traditional": ["檯燈 白色", "木椅子", "男士襯衫", "廚房用具"],
    "Korean": ["책상 램프", "하얀 머그컵", "나무 의자", "남성 셔츠"],
}  # fmt: skip
WESTERN = ["cp1252", "mac_roman", "cp850"]
SAVED_IN = {
    "English": ["cp1252", "mac_roman"],
    "English, one mark": ["cp1252", "mac_roman"],
    "English, apostrophes": ["cp1252", "mac_roman"],
    "English, dashes": ["cp1252"],
    "English, signs": ["cp1252"],
    "German": [*WESTERN, "cp437", "iso8859_15"],
    "French": WESTERN,
    "Spanish": WESTERN,
    "Portuguese": WESTERN,
    "Italian": WESTERN,
    "Dutch": WESTERN,
    "Swedish": WESTERN,
    "Danish": WESTERN,
    "Icelandic": ["cp1252"],
    "brands of several languages": ["cp1252"],
    "Polish": ["cp1250", "iso8859_2", "cp852"],
    "Czech": ["cp1250", "iso8859_2", "cp852"],
    "Slovak": ["cp1250", "iso8859_2"],
    "Hungarian": ["cp1250", "iso8859_2"],
    "Croatian": ["cp1250", "iso8859_2"],
    "Russian": ["cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic"],
    "Ukrainian": ["cp1251"],
    "Bulgarian": ["cp1251"],
    "Greek": ["cp1253", "iso8859_7"],
    "Turkish": ["cp1254"],
    "Lithuanian": ["cp1257"],
    "Japanese": ["cp932", "euc_jp"],
    "Chinese": ["gb18030"],
    "Chinese, traditional": ["big5"],
    "Korean": ["cp949"],
}


def feed(names: list[str], saved_in: str, price: str = "9.90") -> bytes:
    """A row for each name, without those that the encoding can't hold."""
    lines = [HEADER, *(f"P{n},{name},Home,S{n},{price},5" for n, name in enumerate(names))]
    kept = [line.encode(saved_in) for line in lines if line.encode(saved_in, "ignore").decode(saved_in) == line]
    return b"\r\n".join([*kept, b""])


def read(data: bytes, reading: Reading | None = None) -> list[Row]:
    file = io.BytesIO(data)
    return list(rows(file, inspect(file, reading=reading)))


def names(found: list[Row]) -> list[str]:
    return [row.cells["product_name"] for row in found]


EACH = [(language, saved_in) for language, encodings in SAVED_IN.items() for saved_in in encodings]


@pytest.mark.parametrize(("language", "saved_in"), EACH)
def test_a_file_is_read_in_the_encoding_that_it_was_saved_in(language: str, saved_in: str) -> None:
    data = feed(TEXTS[language], saved_in)
    expected = [line.split(",")[1] for line in data.decode(saved_in).splitlines()[1:]]
    assert len(expected) > 1 or language == "English, signs"
    assert names(read(data)) == expected


@pytest.mark.parametrize(("language", "saved_in"), EACH)
def test_a_single_product_is_read_right_or_refused_or_as_nearly_all_files_are(language: str, saved_in: str) -> None:
    right = refused = 0
    for name in TEXTS[language]:
        data = feed([name], saved_in)
        try:
            layout = inspect(io.BytesIO(data))
        except FeedError as error:
            refused += error.code in ("unknown_encoding", "no_rows")  # or there is no such name in this encoding
        else:
            right += names(read(data)) == [name]
            # A letter or two can't show more than that they can stand there in Windows-1252 as well.
            assert layout.encoding == "cp1252" or names(read(data)) == [name]
    assert right + refused >= 0.5 * len(TEXTS[language])


@pytest.mark.parametrize(
    ("price", "saved_in"),
    [
        ("10.99 €", "cp1252"),
        ("€10.99", "cp1252"),
        ("10.99€", "cp1250"),
        ("10.99 €", "iso8859_15"),
        ("10.99 €", "mac_roman"),
        ("£10.99", "cp1252"),
        ("£10.99", "mac_roman"),
        ("£10.99", "cp850"),
        ("¥1099", "cp1252"),
        ("10.99 zł", "cp1250"),
        ("10.99 Kč", "cp1250"),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 4, 12, 300])
def test_a_byte_beside_a_number_is_a_currency_sign_where_it_can_be_one(price: str, saved_in: str, count: int) -> None:
    found = read(feed(["Lamp"] * count, saved_in, price))
    assert [row.cells["price"] for row in found] == [price] * count


def test_what_was_chosen_is_said_with_the_reason() -> None:
    western = inspect(io.BytesIO(feed(TEXTS["German"], "cp1252")))
    central = inspect(io.BytesIO(feed(TEXTS["Polish"], "cp1250")))
    assert (western.encoding, western.encoding_reason) == ("cp1252", "as nearly all files are that aren't UTF-8")
    assert (central.encoding, central.encoding_reason) == ("cp1250", "in which its letters make Polish words")
    assert central.notes[0].startswith("The file is not UTF-8. It is read as Windows-1250, in which its letters")


def test_what_fits_two_encodings_is_refused_with_both_until_a_person_says_which() -> None:
    data = feed(["Rødgrød med fløde"], "mac_roman")
    with pytest.raises(FeedError, match="looks like Windows-1250 or Mac Roman, not like UTF-8") as caught:
        read(data)
    assert caught.value.code == "unknown_encoding"
    assert names(read(data, Reading(encoding="mac_roman"))) == ["Rødgrød med fløde"]


def test_alphabets_that_look_the_same_in_bytes_are_refused_by_name() -> None:
    with pytest.raises(FeedError, match="looks like KOI8-R or Windows-1251"):
        read(feed(["מנורת שולחן", "ספל לבן", "כיסא עץ"], "cp1255"))


def test_a_japanese_mail_encoding_is_refused_by_name() -> None:
    with pytest.raises(FeedError, match="ISO-2022-JP"):
        read(feed(TEXTS["Japanese"], "iso2022_jp"))


def test_every_encoding_that_can_be_found_can_be_chosen() -> None:
    for name in encoding.ENCODINGS:
        assert names(read(feed(["Lamp"], name), Reading(encoding=name))) == ["Lamp"]


def test_the_whole_file_is_looked_at_and_no_part_of_it_kept() -> None:
    late = feed(["Lamp"] * 60_000, "cp1250") + feed(TEXTS["Polish"], "cp1250").split(b"\r\n", 1)[1]
    file = Counted(late)
    layout = inspect(file)
    assert layout.encoding == "cp1250"
    assert file.served < 9 * len(late)  # each encoding of several bytes a letter is tried


wide_pieces = st.sampled_from(["木", "の", "椅子", "ab", ",", '"', "\n", "\r\n", "|", "P1,x,y,z,9,5\n"])


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
        for done, row in enumerate(list(rows(file, layout, None, marks=marks)), 1):
            mark = marks.before(row.end)
            assert list(rows(file, layout, row.after, marks=Marks(mark))) == whole[done:]
        assert list(islice(rows(file, layout), len(whole) + 1)) == whole


def test_a_letter_whose_second_byte_looks_like_a_delimiter_stays_whole() -> None:
    name = "ポリ袋 ソ能"  # in Shift JIS with the bytes 5C and 7C in it
    assert b"\x5c" in name.encode("cp932")
    assert names(read(feed([*TEXTS["Japanese"], name], "cp932")))[-1] == name


def test_bytes_that_are_no_letter_are_an_error_of_their_row() -> None:
    data = feed(TEXTS["Japanese"], "cp932") + b"P9,La\x81 mp,Home,S9,9.90,5\r\n"
    found = read(data, Reading(encoding="cp932"))
    assert codes(found) == [""] * 4 + ["invalid_encoding"]
