from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli.excerpt import harmless
from orchestrace.cli.page.value import inline, value

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


class Text(HTMLParser):
    """What a browser would find in some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note a tag."""
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.found += data


def parsed(html: str) -> Text:
    """Return what is in some HTML."""
    parser = Text()
    parser.feed(str(html))  # a Markup would escape what is added to it
    parser.close()
    return parser


class TestValue:
    @given(ANY_TEXT)
    def test_any_text_stays_text(self, text: str) -> None:
        """Only our boxes are markup; what is copied is what was written, but for what HTML cannot hold."""
        found = parsed(value(text))

        assert found.tags <= {"i", "div"}
        assert re.sub("<U\\+20[0-9A-F]{2}>", "", harmless(text)) == re.sub(
            "[\u202a-\u202e\u2066-\u2069]", "", found.found
        )

    @pytest.mark.parametrize("text", ["line\n" * 10_000, "x" * 50_001, "\n" + "y" * 45_000])
    def test_long_texts_come_in_blocks(self, text: str) -> None:
        """Which are together the text, and each small enough to be laid out at once."""
        html = value(text)

        assert text == parsed(html).found
        assert max(map(len, re.split("</?div[^>]*>", html))) <= 20_000

    def test_what_is_not_seen_is_shown(self) -> None:
        """By its number, in a box; the joiner of an emoji is part of it."""
        assert 'a<i class="hidden" data-code="U+202E">\u202e</i>b👩‍🔬' == str(inline("a\u202eb👩‍🔬"))

    def test_a_text_of_nothing_else_is_cut_short(self) -> None:
        """A box for each of a million would be no page."""
        assert "\ufffd" * 3_000 == str(value("\u202e" * 3_000))
