"""Currencies: the codes of ISO 4217, and which of them a mark beside a price can mean.

A mark is what people write before or behind a number: a code (`EUR`), a symbol (`€`) or a name (`kr`). Some mean one
currency, some many: `$` is that of two dozen countries, so it fits whichever of them is expected and rules out the
others. Codes and names are those in circulation (https://www.six-group.com/en/products-services/financial-information/
data-standards.html, list one), symbols those of Unicode CLDR.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

# Code → name, as choices list them.
CURRENCIES: Final[dict[str, str]] = dict(
    line.strip().split(" ", 1)
    for line in """
    AED UAE dirham
    AFN Afghan afghani
    ALL Albanian lek
    AMD Armenian dram
    ANG Netherlands Antillean guilder
    AOA Angolan kwanza
    ARS Argentine peso
    AUD Australian dollar
    AWG Aruban florin
    AZN Azerbaijani manat
    BAM Bosnian convertible mark
    BBD Barbados dollar
    BDT Bangladeshi taka
    BGN Bulgarian lev
    BHD Bahraini dinar
    BIF Burundian franc
    BMD Bermudian dollar
    BND Brunei dollar
    BOB Bolivian boliviano
    BRL Brazilian real
    BSD Bahamian dollar
    BTN Bhutanese ngultrum
    BWP Botswana pula
    BYN Belarusian rouble
    BZD Belize dollar
    CAD Canadian dollar
    CDF Congolese franc
    CHF Swiss franc
    CLP Chilean peso
    CNY Chinese yuan
    COP Colombian peso
    CRC Costa Rican colon
    CUP Cuban peso
    CVE Cape Verde escudo
    CZK Czech koruna
    DJF Djibouti franc
    DKK Danish krone
    DOP Dominican peso
    DZD Algerian dinar
    EGP Egyptian pound
    ERN Eritrean nakfa
    ETB Ethiopian birr
    EUR Euro
    FJD Fiji dollar
    FKP Falkland Islands pound
    GBP Pound sterling
    GEL Georgian lari
    GHS Ghanaian cedi
    GIP Gibraltar pound
    GMD Gambian dalasi
    GNF Guinean franc
    GTQ Guatemalan quetzal
    GYD Guyana dollar
    HKD Hong Kong dollar
    HNL Honduran lempira
    HTG Haitian gourde
    HUF Hungarian forint
    IDR Indonesian rupiah
    ILS Israeli shekel
    INR Indian rupee
    IQD Iraqi dinar
    IRR Iranian rial
    ISK Icelandic krona
    JMD Jamaican dollar
    JOD Jordanian dinar
    JPY Japanese yen
    KES Kenyan shilling
    KGS Kyrgyz som
    KHR Cambodian riel
    KMF Comorian franc
    KPW North Korean won
    KRW South Korean won
    KWD Kuwaiti dinar
    KYD Cayman Islands dollar
    KZT Kazakh tenge
    LAK Lao kip
    LBP Lebanese pound
    LKR Sri Lankan rupee
    LRD Liberian dollar
    LSL Lesotho loti
    LYD Libyan dinar
    MAD Moroccan dirham
    MDL Moldovan leu
    MGA Malagasy ariary
    MKD Macedonian denar
    MMK Myanmar kyat
    MNT Mongolian tugrik
    MOP Macanese pataca
    MRU Mauritanian ouguiya
    MUR Mauritian rupee
    MVR Maldivian rufiyaa
    MWK Malawian kwacha
    MXN Mexican peso
    MYR Malaysian ringgit
    MZN Mozambican metical
    NAD Namibian dollar
    NGN Nigerian naira
    NIO Nicaraguan cordoba
    NOK Norwegian krone
    NPR Nepalese rupee
    NZD New Zealand dollar
    OMR Omani rial
    PAB Panamanian balboa
    PEN Peruvian sol
    PGK Papua New Guinean kina
    PHP Philippine peso
    PKR Pakistani rupee
    PLN Polish zloty
    PYG Paraguayan guarani
    QAR Qatari riyal
    RON Romanian leu
    RSD Serbian dinar
    RUB Russian rouble
    RWF Rwandan franc
    SAR Saudi riyal
    SBD Solomon Islands dollar
    SCR Seychelles rupee
    SDG Sudanese pound
    SEK Swedish krona
    SGD Singapore dollar
    SHP Saint Helena pound
    SLE Sierra Leonean leone
    SOS Somali shilling
    SRD Surinamese dollar
    SSP South Sudanese pound
    STN São Tomé and Príncipe dobra
    SVC Salvadoran colon
    SYP Syrian pound
    SZL Swazi lilangeni
    THB Thai baht
    TJS Tajik somoni
    TMT Turkmen manat
    TND Tunisian dinar
    TOP Tongan paʻanga
    TRY Turkish lira
    TTD Trinidad and Tobago dollar
    TWD New Taiwan dollar
    TZS Tanzanian shilling
    UAH Ukrainian hryvnia
    UGX Ugandan shilling
    USD US dollar
    UYU Uruguayan peso
    UZS Uzbek som
    VES Venezuelan bolívar
    VND Vietnamese dong
    VUV Vanuatu vatu
    WST Samoan tala
    XAF Central African CFA franc
    XCD East Caribbean dollar
    XCG Caribbean guilder
    XOF West African CFA franc
    XPF CFP franc
    YER Yemeni rial
    ZAR South African rand
    ZMW Zambian kwacha
    ZWG Zimbabwe gold
    """.strip().splitlines()
)

_DOLLARS = (
    "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP CUP BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD"
    " XCD"
)
# Mark → codes, the likeliest first. In small letters.
_MARKS: Final = {
    "$": _DOLLARS, "＄": _DOLLARS, "﹩": _DOLLARS, "dollar": _DOLLARS, "dollars": _DOLLARS,
    "us$": "USD", "$us": "USD", "usd$": "USD", "u$s": "USD", "ca$": "CAD", "can$": "CAD", "cdn$": "CAD",
    "c$": "CAD NIO", "au$": "AUD", "a$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "sg$": "SGD", "nt$": "TWD",
    "r$": "BRL", "mx$": "MXN", "mex$": "MXN", "ar$": "ARS", "cl$": "CLP", "co$": "COP", "col$": "COP", "$u": "UYU",
    "rd$": "DOP", "j$": "JMD", "tt$": "TTD", "bz$": "BZD", "ec$": "XCD", "n$": "NAD", "b$": "BND", "fj$": "FJD",
    "bds$": "BBD", "mop$": "MOP",
    "€": "EUR", "₠": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP EGP FKP GIP SHP SSP SYP LBP SDG", "￡": "GBP EGP FKP GIP SHP SSP SYP LBP SDG",
    "₤": "GBP EGP FKP GIP SHP SSP SYP LBP SDG", "£e": "EGP", "e£": "EGP",
    "¥": "JPY CNY", "￥": "JPY CNY", "cn¥": "CNY", "jp¥": "JPY", "円": "JPY", "元": "CNY TWD HKD", "rmb": "CNY",
    "₹": "INR", "rs": "INR PKR LKR NPR MUR SCR", "₨": "INR PKR LKR NPR MUR SCR",
    "৳": "BDT", "₩": "KRW KPW", "￦": "KRW KPW", "원": "KRW KPW", "₽": "RUB", "руб": "RUB", "₴": "UAH", "грн": "UAH",
    "₺": "TRY", "tl": "TRY", "₼": "AZN", "₾": "GEL", "₸": "KZT", "₮": "MNT", "֏": "AMD", "₪": "ILS", "฿": "THB",
    "₫": "VND", "đ": "VND", "₱": "PHP", "₡": "CRC SVC", "₲": "PYG", "₵": "GHS", "₦": "NGN", "₭": "LAK", "៛": "KHR",
    "؋": "AFN", "﷼": "IRR SAR QAR OMR YER", "rm": "MYR", "rp": "IDR", "s/": "PEN",
    "kr": "SEK NOK DKK ISK", "fr": "CHF", "sfr": "CHF", "zł": "PLN", "zl": "PLN", "kč": "CZK", "kc": "CZK",
    "ft": "HUF", "lei": "RON MDL", "лв": "BGN", "r": "ZAR",
    "tk": "BDT", "taka": "BDT", "dh": "MAD AED", "dhs": "AED MAD", "ksh": "KES", "bs": "BOB VES", "gh₵": "GHS",
    "mxn$": "MXN", "р": "RUB", "q": "GTQ", "din": "RSD", "ден": "MKD",
    "cfa": "XOF XAF", "fcfa": "XOF XAF", "f cfa": "XOF XAF", "cfpf": "XPF",
}  # fmt: skip
# Words that a dot may follow; in `USD.99` it belongs to the number.
_SHORTENED: Final = ("kr", "rs", "fr", "sfr", "руб", "лв", "грн", "rp", "s/", "р", "bs", "tk", "dh", "dhs", "din")
_MEANINGS: Final = {code.casefold(): frozenset({code}) for code in CURRENCIES} | {
    mark + dot: frozenset(codes.split())
    for mark, codes in _MARKS.items()
    for dot in ("", ".")
    if not dot or mark in _SHORTENED
}
NONE: Final[frozenset[str]] = frozenset()
# A hundredth of something: `199¢` is no price in whole units.
CENTS: Final = frozenset("¢￠")
# In this order where a mark can mean several; all others follow by their code.
_LIKELIEST: Final = {code: rank for rank, code in enumerate(f"USD EUR GBP JPY CNY INR {_DOLLARS[4:]}".split())}

# Codes that are words too: in a header they count as codes only where they stand out by their capitals.
_WORDS: Final = frozenset(("all", "try", "top", "mad", "cup", "gel", "pen", "cop", "bam", "ars", "mop", "sos", "bob"))
_PARTS: Final = re.compile(r"[^\W\d_]*[$€£¥₹₩₽₺₪₫₱]|[^\W\d_]+")
_JOINED: Final = re.compile(r"\b(price|preis|prix|precio|prezzo)(?=[a-z]{3}\b)", re.IGNORECASE)  # PriceEUR


def meanings(mark: str) -> frozenset[str]:
    """The codes of all currencies that a mark can mean, however its capitals and spaces are written; none if it isn't
    one.

    >>> sorted(meanings("Kr.")), sorted(meanings("eur")), sorted(meanings("pcs"))
    (['DKK', 'ISK', 'NOK', 'SEK'], ['EUR'], [])
    """
    return _MEANINGS.get(" ".join(mark.casefold().split()), NONE)


def of_header(header: str) -> frozenset[str]:
    """The currencies that a column's name says its prices are in: `Price (EUR)`, `Preis in €`, `price_usd`."""
    parts = _PARTS.findall(_JOINED.sub(r"\1 ", header[:200]))
    found = [meanings(part) for part in parts if _is_mark(part, header)]
    return frozenset().union(*found)


def _is_mark(part: str, header: str) -> bool:
    """Whether a part of a header is a code or a symbol. Names aren't looked for: `Rs`, `kr`, `all` are words too."""
    if not part.isalpha():
        return True
    if part.upper() not in CURRENCIES:
        return False
    return part.casefold() not in _WORDS or (part.isupper() and not header.isupper())


def in_order(codes: Iterable[str]) -> list[str]:
    """The likeliest first."""
    return sorted(codes, key=lambda code: (_LIKELIEST.get(code, len(_LIKELIEST)), code))


def named(codes: Collection[str]) -> str:
    """For a sentence: `EUR`, `JPY or CNY`, `USD, CAD or another`."""
    listed = in_order(codes)
    return " or ".join(listed) if len(listed) < 3 else f"{listed[0]}, {listed[1]} or another"
