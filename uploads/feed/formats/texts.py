"""Texts of shops as people read them: HTML as lines of text, escapes as what they stand for.

A block and <br> begin a new line, an item of a list begins with “- ”, entities are decoded, tags are gone, no line is
empty. A text without tags and entities is returned as it came.
"""

import html as entities
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

_MARKED: Final = re.compile(
    r"</?[A-Za-z][^<>]*>|<!--|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
_TAG: Final = re.compile(r"</?[A-Za-z]")
_WRITTEN_TAG: Final = re.compile(r"&lt;/[A-Za-z]|&lt;br")
_BLOCK_NAMES: Final = """
    address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section summary table tbody tfoot thead tr ul
"""
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_UNREAD: Final = frozenset(("script", "style", "template", "noscript", "iframe", "object", "head", "title", "svg"))
_CELLS: Final = frozenset(("td", "th"))
# Nearly all texts of shops have nothing but such tags, and are read without building a tree: that takes a tenth of the
# time, and gives the same. An item that begins with another tag, tables and all else are left to the parser.
_INLINE_NAMES: Final = (
    "a abbr b bdi cite code del em font i ins kbd mark q s samp small span strong sub sup tt u var wbr"
)
_PLAIN_BLOCKS: Final = "p br div h1 h2 h3 h4 h5 h6 ul ol li"
_MARKS: Final = dict.fromkeys(_INLINE_NAMES.split(), "") | dict.fromkeys(_PLAIN_BLOCKS.split(), "\n")
# What a text ends with in a shop; a script that is by itself is what somebody tries, and stays a text.
_SURELY: Final = re.compile(rf"</(?:{'|'.join(_MARKS)}|table|td|tr)\s*>|<br\s*/?>", re.IGNORECASE)
_ATTRIBUTES: Final = r"""(?:\s+[A-Za-z][\w:-]*(?:=(?:"[^"<>]*"|'[^'<>]*'))?)*+\s*/?"""
_PLAIN_TAG: Final = re.compile(rf"<(/?)({'|'.join(sorted(_MARKS, key=len, reverse=True))}){_ATTRIBUTES}>")
_ANY_TAG: Final = re.compile(r"(<[^<>]*>)")
_ITEM_WITH_TAG: Final = re.compile(r"<li\b[^>]*>\s*<")
MOST_CHARS: Final = 200_000  # of a text that is looked at; a description may have 10,000
MOST_TAGS, MOST_TAG_CHARS = 4096, 100  # that are remembered
_BREAK: Final = "\n"
_ITEM: Final = "\n- "
_DASH: Final = ["-"]  # an item with nothing in it


def readable(text: str, *, html: bool, escapes: bool) -> str:
    """The text of a cell. `escapes`: line breaks are written as \\n, and count in HTML too."""
    return text_reader(html=html, escapes=escapes)(text)


@lru_cache(maxsize=4)
def text_reader(*, html: bool, escapes: bool) -> Callable[[str], str]:
    """How the text of a cell is read; the last ones are remembered, since variants have that of their head."""

    @lru_cache(maxsize=16)
    def read(text: str) -> str:
        if escapes and "\\n" in text:
            # A \n that is no line break is written as \\n.
            text = "\\n".join(part.replace("\\n", "\n") for part in text.split("\\\\n"))
        if not html or len(text) > MOST_CHARS or ("<" not in text and "&" not in text):
            return text
        found = _without_plain_tags(text, keep_breaks=escapes) if _TAG.search(text) else None
        return _looked_into(text, escapes=escapes) if found is None else lines(found)

    return read


def _looked_into(text: str, *, escapes: bool) -> str:
    """A text without tags, or with others than plain ones."""
    if not _MARKED.search(text):
        return text
    tagged = _TAG.search(text) is not None
    if not tagged and _WRITTEN_TAG.search(text):  # HTML that a shop has written as a text
        text = entities.unescape(text)
        tagged = _TAG.search(text) is not None
    keep_breaks = escapes or not tagged
    found = _without_plain_tags(text, keep_breaks=keep_breaks)
    if found is None:
        found = _lines_of(text, keep_breaks=keep_breaks)
    return lines(found)


def has_tags(text: str) -> bool:
    """Whether the text is surely HTML: it closes a tag, or breaks a line by one."""
    return _SURELY.search(text) is not None


def are_tagged(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> bool:
    """Whether any of these cells has tags, as where a shop exported the list."""
    return any(has_tags(row.get(column) or "") for column in columns for row in rows)


def lines(text: str) -> str:
    """The text with single spaces, and without lines that have nothing in them."""
    found = [words for line in text.split(_BREAK) if (words := line.split()) and words != _DASH]
    return _BREAK.join([" ".join(words) for words in found])


class _Marks(dict[str, str]):
    """What a tag stands for, as it is written: a line break, an item, or nothing; one that isn't plain stays as it is.
    A shop writes the same few over and over."""

    def __missing__(self, written: str) -> str:
        tag = _PLAIN_TAG.fullmatch(written)
        mark = written if tag is None else _ITEM if tag[2] == "li" and not tag[1] else _MARKS[tag[2]]
        if len(written) <= MOST_TAG_CHARS:
            if len(self) >= MOST_TAGS:
                self.clear()
            self[written] = mark
        return mark


_marks = _Marks()


def _without_plain_tags(text: str, *, keep_breaks: bool) -> str | None:
    """The text with its tags as line breaks; None if it has others than plain ones."""
    parts = _ANY_TAG.split(text if keep_breaks else text.replace(_BREAK, " "))
    parts[1::2] = map(_marks.__getitem__, parts[1::2])
    found = "".join(parts)
    if "<" in found or ("<li" in text and _ITEM_WITH_TAG.search(text)):
        return None
    return entities.unescape(found) if "&" in found else found


def one_line(text: str) -> str:
    """A name: without tags and entities, a line break as a space."""
    return " ".join(readable(text, html=True, escapes=False).split())


def _lines_of(text: str, *, keep_breaks: bool) -> str:
    body = LexborHTMLParser(text).body
    if body is None:
        return ""
    parts: list[str] = []
    _walk(body, parts, keep_breaks=keep_breaks)
    return "".join(parts)


def _walk(top: LexborNode, parts: list[str], *, keep_breaks: bool) -> None:
    """The texts below a node, in order; iteratively, since a text may be nested as deep as it is long."""
    node: LexborNode | None = top.child
    closing: list[bool] = []
    while node is not None:
        tag = node.tag or ""
        inside = None
        if tag == "-text":
            text = node.text_content or ""
            parts.append(text if keep_breaks else text.replace("\n", " "))
        elif tag not in _UNREAD:
            block = tag in _BLOCKS
            if block:
                if not _begins_item(parts):
                    parts.append(_ITEM if tag == "li" else "\n")
            elif tag in _CELLS:
                parts.append(" ")
            inside = node.child
            if inside is not None:
                closing.append(block)
            elif block:
                parts.append("\n")
        if inside is not None:
            node = inside
            continue
        while node is not None and node.next is None and closing:
            if closing.pop():
                parts.append("\n")
            node = node.parent
        node = node.next if node is not None else None


def _begins_item(parts: list[str]) -> bool:
    """Whether an item of a list has begun and has nothing in it yet."""
    for part in reversed(parts):
        if part == _ITEM:
            return True
        if part.strip():
            return False
    return False
