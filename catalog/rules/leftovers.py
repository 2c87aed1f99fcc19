"""What spreadsheets and programs leave in a cell in place of a value: errors, words for nothing, dates, exponents.

Only whole cells count: “Nothing but N/A on the label” is a text. What is recognised can't be undone, since the value
isn't there any more; so nothing here repairs, it only names. Each form is one that programs are known to write, and a
SKU such as `12-05-90`, `MAY-12-RED`, `5E-05`, `3-SET` or `A-2024-12-21` is none of them.
"""

import re
from typing import Final

# What our own reader of workbooks writes for a formula whose result wasn't saved with it.
UNSAVED_FORMULA: Final = "#FORMULA!"

# Excel in English, then in its other languages, Google Sheets, LibreOffice, reports that drop the mark at the end.
# https://support.microsoft.com/office/formula-errors, https://support.google.com/docs/answer/9365944 and
# https://help.libreoffice.org/latest/en-US/text/scalc/05/02140000.html
_ERROR_WORDS: Final = """
    #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN!
    #EXTERNAL! #BUSY! #PYTHON! #TIMEOUT! #EXCEEDED! #ERROR! #CYCLE! #MACRO? #FMT #NA #N/A! #DIV/0 #VALUE #REF #NAME
    #NUM #NULL
    #NV #WERT! #BEZUG! #ZAHL! #ÜBERLAUF! #KALK! #FELD! #BLOCKIERT! #VERBINDEN! #UNBEKANNT! #DATEN_ABRUFEN
    #VALEUR! #NOM? #NOMBRE! #NUL! #PROPAGATION! #CALCUL! #CHAMP! #BLOQUE! #OBTENTION_DONNEES
    #CHARGEMENT_DONNEES
    #¡NULO! #¡DIV/0! #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #N¡NUM! #N/D #¡DESBORDAMIENTO! #¡CALC! #¡CAMPO! #¡BLOQUEADO!
    #¡CONECTAR! #¡DESCONOCIDO! #NULO! #VALOR! #NOMBRE? #DESBORDAMIENTO! #CAMPO! #BLOQUEADO! #CONECTAR! #DESCONOCIDO!
    #OBTENIENDO_DATOS #VALORE! #NOME? #RIF! #RECUPERO_DATI #NÚM! #DESPEJAR! #OBTENDO_DADOS
    #WAARDE! #GETAL! #DEEL/0! #NAAM? #N/B #VERW! #LEEG! #OVERLOOP! #GEGEVENS_OPHALEN
    #VÆRDI! #DIVISION/0! #NAVN? #I/T #REFERENCE! #VERDI! #HENTER_DATA
    #VÄRDEFEL! #OGILTIGT! #NAMN? #SAKNAS! #REFERENS! #SKÄRNING! #SPILL! #HÄMTAR_DATA
    #ARVO! #LUKU! #JAKO/0! #NIMI? #PUUTTUU! #PUUTTUU #VIITTAUS! #TYHJÄ! #LEVITTYMINEN! #NOUDETAAN_TIETOJA
    #ARG! #LICZBA! #DZIEL/0! #NAZWA? #N/D! #ADR! #ZERO! #ROZLANIE! #POBIERANIE_DANYCH
    #HODNOTA! #ČÍSLO! #DĚLENÍ_NULOU! #NÁZEV? #NENÍ_K_DISPOZICI #ODKAZ! #PŘESAH! #ZÍSKÁVÁNÍ_DAT
    #DELENIENULOU! #NÁZOV? #NEDOSTUPNÝ #NEPLATNÝ! #ZÍSKAVAJÚ_SA_ÚDAJE
    #ÉRTÉK! #SZÁM! #ZÉRÓOSZTÓ! #NÉV? #HIÁNYZIK #HIV! #NULLA! #KIBONTÁS! #ADATOK_BEKÉRÉSE
    #VREDN! #ŠTEV! #DEL/0! #IME? #N/V #SKLIC! #NIČ! #VRIJEDNOST! #BROJ! #DIJ/0! #NAZIV? #VALOARE! #NUME?
    #DEĞER! #SAYI! #SAYI/0! #AD? #YOK #BAŞV! #BOŞ! #TAŞMA! #VERİ_ALINIYOR
    #ΤΙΜΗ! #ΑΡΙΘ! #ΔΙΑΙΡ./0! #ΟΝΟΜΑ? #Δ/Υ #ΑΝΑΦ! #ΚΕΝΟ!
    #ЗНАЧ! #ЧИСЛО! #ДЕЛ/0! #ИМЯ? #Н/Д #ССЫЛКА! #ПУСТО! #ПЕРЕНОС! #ПОЛУЧЕНИЕ_ДАННЫХ
"""
_ERRORS: Final = frozenset([*_ERROR_WORDS.split(), "#N/A N/A", "#N/A INVALID SECURITY", "#N/A FIELD NOT APPLICABLE"])
# LibreOffice's errors without a word of their own, and what Google Sheets exports before it has fetched the value.
_NUMBERED: Final = ("Err", "Error", "Fehler", "Erreur", "Erro", "Errore", "Fout", "Chyba")
_SHORT_ERRORS: Final = frozenset(
    ["Loading...", "Loading…", *(f"{word}:{number}" for word in _NUMBERED for number in range(501, 541))]
)

# For brands and descriptions, as programs and people spell them: NAN and Nil are brands too, so case counts.
_NOTHING_WORDS: Final = r"""
    NULL null None none NONE nil NIL nan NaN -nan -NaN NaT N/A n/a N/a N.A. n.a. N.a. NA na N/D n/d k.A. undefined
    \N (null) (NULL) (None) (none) (nil) (blank) <null> <NULL> <None> <none> <nil> <NA> <N/A> [null] [NULL]
    [None] {null}
    1.#QNAN -1.#QNAN 1.#IND -1.#IND
"""
_NOTHING: Final = frozenset(_NOTHING_WORDS.split())
_FOLDED: Final = frozenset(word.casefold() for word in _NOTHING)
_DASHES: Final = "-–—−‐‑‒―_"
MARKS: Final = _DASHES + ".…?¿"

# All of these that are letters and digits to a quick look, and how long the longest is.
SHORT_WORDS: Final = _SHORT_ERRORS.union(
    _NOTHING, _FOLDED, (word.upper() for word in _NOTHING), (word.capitalize() for word in _NOTHING)
)
LONGEST_SHORT: Final = max(map(len, SHORT_WORDS))


def is_error(cell: str) -> bool:
    """Whether a trimmed cell is the error of a spreadsheet, or the sharps of a column too narrow for its number."""
    if cell.startswith("#"):
        return is_too_narrow(cell) or cell.upper() in _ERRORS
    return cell in _SHORT_ERRORS


def is_too_narrow(cell: str) -> bool:
    return len(cell) > 2 and not cell.strip("#")


def stands_for_nothing(cell: str, *, strictly: bool) -> bool:
    """Whether a trimmed cell that isn't empty says that there is nothing.

    `strictly`, for what every product needs, whatever the case of the letters, and for dots and question marks too.
    """
    if not strictly:
        return cell in _NOTHING or not cell.strip(_DASHES)
    return not cell.strip(MARKS) or (len(cell) <= LONGEST_SHORT and cell.casefold() in _FOLDED)


# --- dates and exponents -----------------------------------------------------------------------------------------

# Months as spreadsheets shorten them: English, German, French, Spanish, Italian, Portuguese, Dutch, the languages of
# the North, Polish, Russian. Not those that are other things as well: `3-set`, `2-out`, `5-mag`.
_MONTHS: Final = """
    jan feb mar apr may jun jul aug sep sept oct nov dec
    jän mär mrz mai juni juli okt dez
    janv févr fevr mars avr juin juil août aout déc
    ene abr ago dic
    giu lug ott fev
    mrt mei maj des
    sty lut kwi cze lip sie wrz paź lis gru
    янв фев мар апр май июн июл авг сен сент окт ноя дек
"""
_OTHER_THINGS: Final = "set gen mag out"  # so only behind a day like `05`, as which nobody counts things
# First in a cell, where `MAR-01` and `set-05` are SKUs: as English and German spreadsheets write them, or the others.
_MONTHS_FIRST: Final = (
    "Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec Jän Mär Mrz Mai Juni Juli Okt Dez "
    "janv févr fevr mars avr mai juin juil août aout sept oct nov déc ene feb mar abr may jun jul ago sep dic jan apr "
    "aug okt mrt mei maj янв фев мар апр май июн июл авг сен окт ноя дек"
)
_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_YEAR: Final = "(?:19|20)[0-9]{2}"
_GAP: Final = "(?:[-/.] ?| )"
_TIME: Final = (
    r"(?:(?:T|,? )[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?"
    r"(?:Z| ?UTC| ?[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MONTHS_ANY_CASE: Final = f"(?i:{'|'.join(_MONTHS.split())})"
_DATE_BY_NUMBER: Final = re.compile(
    f"(?:{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"  # 2026-04-03
    f"|{_YEAR}(?P<y>[/.]){_MONTH}(?P=y){_DAY}"  # 2026/4/3
    f"|{_DAY}(?P<d>[-/.]){_MONTH}(?P=d){_YEAR}|{_MONTH}(?P<m>[-/.]){_DAY}(?P=m){_YEAR}"  # 3.4.2026, 4/3/2026
    f"|{_DAY}{_GAP}{_MONTHS_ANY_CASE}(?:\\.?{_GAP}(?:[0-9]{{2}}|{_YEAR})|\\.)?"  # 3-Apr, 03. Mrz, 03-avr-26
    f"|0[1-9][-/](?:{_OTHER_THINGS.replace(' ', '|')})"  # 05-set
    f"|(?:[0-9]{{4}}[年년] ?)?{_MONTH}[月월] ?{_DAY}[日일]){_TIME}"  # 4月3日
    # As workbooks are read: a day of any year with its time, and a time alone, of more than a day too.
    "|[0-9]{4}-[01][0-9]-[0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{1,8}:[0-5][0-9]:[0-5][0-9]"
)
_DATE_BY_WORD: Final = re.compile(
    f"(?:{'|'.join(_MONTHS_FIRST.split())})\\.?{_GAP}(?:[0-9]{{2}}|{_YEAR}){_TIME}"  # Apr-03, janv.-26
    # Sat Apr 03 2026 00:00:00 GMT+0200
    "|[MTWFS][a-z]{2} [A-Z][a-z]{2} [0-9]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}[ ()+\\w-]{0,60}"
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORDS: Final = frozenset([*(month[:3] for month in _MONTHS_FIRST.split()), *_DAYS])
_LONGEST_DATE: Final = 100

# Dates of letters, digits and dashes alone, at a quick look, and how long they may be: 03-Sept-2026.
_PLAIN_DATE: Final = re.compile("[0-9]{1,4}-(?:[A-Za-z]{3,5}|[0-9]{1,2}-)[0-9-]*")
LONGEST_PLAIN: Final = 12

# 4.00638E+12 as a spreadsheet shows 4006381333931 in a narrow column, 1.20E-04 what it makes of 12E-5. `5E-05` and
# `47E6` are part numbers.
_EXPONENT: Final = re.compile(r"-?[0-9]{1,3}(?:(?:[.,][0-9]+)?[Ee]\+|[.,][0-9]+[Ee]-)[0-9]{1,3}")


def is_date(cell: str) -> bool:
    """Whether a trimmed cell is a date or a time as programs write it; a day alone, of the years 1900 to 2099."""
    if cell[:1].isdigit():
        return len(cell) <= _LONGEST_DATE and _DATE_BY_NUMBER.fullmatch(cell) is not None
    return cell[:3] in _WORDS and len(cell) <= _LONGEST_DATE and _DATE_BY_WORD.fullmatch(cell) is not None


def is_plain_leftover(cell: str) -> bool:
    """Whether one of letters, digits and dashes alone, of LONGEST_PLAIN characters at most, may be any of these."""
    if "-" not in cell:
        return cell in SHORT_WORDS
    if cell[0].isdigit():
        return _PLAIN_DATE.match(cell) is not None
    return cell[0] == "-" or cell[:3] in _WORDS


def is_exponent(cell: str) -> bool:
    """Whether a trimmed cell is a number in scientific notation as programs write it."""
    return _EXPONENT.fullmatch(cell) is not None
