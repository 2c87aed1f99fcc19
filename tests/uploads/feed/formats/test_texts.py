"""Texts of shops as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploads.feed.formats import texts
from uploads.feed.formats.texts import one_line, readable

TEXTS = {
    "blocks and breaks": ("<p>One<br>two</p><div>three</div>", "One\ntwo\nthree"),
    "lists": ("<ul>\n<li>One</li>\n<li><p>Two</p></li><li></li></ul>after", "- One\n- Two\nafter"),
    "line breaks of the source": ("<p>One\ntwo</p>\n\n<p>three</p>", "One two\nthree"),
    "entities and spaces": ("350&nbsp;ml &amp; more&#33;", "350 ml & more!"),
    "plain text keeps its lines": ("Height 65 < 70\nand & so on", "Height 65 < 70\nand & so on"),
    "what isn't read": ("<style>p{}</style><p>One</p><script>alert(1)</script><!-- no -->", "One"),
    "tables": ("<table><tr><th>Size</th><td>4</td></tr><tr><td>a</td></tr></table>", "Size 4\na"),
    "broken HTML": ("<p>One<b>two</p><p>three", "Onetwo\nthree"),
    "nothing but tags": ("<p></p><br/>", ""),
    "capitals": ("<P>One</P><BR>two", "One\ntwo"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_html_becomes_lines_of_text(name: str) -> None:
    text, expected = TEXTS[name]
    assert readable(text, html=True, escapes=False) == expected


def test_the_two_characters_of_a_line_break_become_one_where_the_shop_writes_it_so() -> None:
    assert readable("One\\ntwo", html=True, escapes=True) == "One\ntwo"
    assert readable("One\\ntwo", html=True, escapes=False) == "One\\ntwo"
    assert readable("C:\\\\new", html=True, escapes=True) == "C:\\new"


def test_a_name_is_one_line() -> None:
    assert one_line("Lamp<br>&quot;Luna&quot;\n LED") == 'Lamp "Luna" LED'


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
def test_a_text_that_is_nested_deeply_is_read_to_its_end() -> None:
    assert readable("<blockquote>" * 10_000 + "deep", html=True, escapes=False) == "deep"


_WORDS = st.sampled_from(["One", "two &amp; three", " ", "\n", "4 cm", "&lt;b&gt;", "x&nbsp;y"])
_TREES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(st.sampled_from(["b", "em", 'span class="a"']), inner).map(
            lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0].split()[0]}>"
        ),
        st.lists(_WORDS, max_size=3).map(
            lambda items: "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
        ),
        _WORDS.map(lambda word: f"<p>{word}</p>"),
        _WORDS.map(lambda word: f"{word}<br />"),
    ),
    max_leaves=12,
)


@given(_TREES)
def test_plain_tags_give_what_a_tree_of_them_gives(text: str) -> None:
    quick = texts._without_plain_tags(text, keep_breaks=False)
    if quick is None:
        return
    by_tree = texts._lines_of(text, keep_breaks=False)
    assert texts.lines(quick) == texts.lines(by_tree)


def test_texts_with_ever_other_tags_are_read_right_and_take_no_more_memory() -> None:
    for number in range(2 * texts.MOST_TAGS):
        assert readable(f'<p class="c{number}">a</p>', html=True, escapes=False) == "a"
    assert len(texts._marks) <= texts.MOST_TAGS
    long = "x" * texts.MOST_TAG_CHARS
    assert readable(f'<p class="{long}">a</p>', html=True, escapes=False) == "a"
    assert not any(long in tag for tag in texts._marks)
