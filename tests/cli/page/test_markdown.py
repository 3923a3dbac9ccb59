from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli.page.markdown import markdown

MARKUP = st.text("*_`[](){}<>!#-+|\n ~:/\\\"'&;=ab1.", max_size=80)
TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "s", "code",
    "div", "span", "i", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


class Tags(HTMLParser):
    """The tags in some HTML, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes.update((name, "" if name in ("data-code", "start") else value) for name, value in attrs)


class TestMarkdown:
    def test_says_what_was_meant(self) -> None:
        """Headings, words in bold, lists and tables."""
        html = str(markdown("# Title\n\n- **one**\n- ~~two~~\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n"))

        assert [] == [tag for tag in ("<h1>", "<strong>one", "<li>", "<s>two", "<td>1") if tag not in html]

    def test_plain_words_need_none(self) -> None:
        """The text itself says as much."""
        assert [None, None, None] == [markdown(text) for text in ("", "Two lines\nof words.", "a < b & c")]

    def test_links_lead_nowhere_and_say_where_they_would(self) -> None:
        """Whatever the address; also that of an image, which is not loaded."""
        html = str(markdown("[a](javascript:alert(1)) <https://b.example> ![c](http://d.example/e.png 'f')"))

        assert [] == [word for word in ("href", "src=", "<a", "<img") if word in html]
        assert '<span class="link">a</span> <span class="target">javascript:alert(1)</span>' in html
        assert '<span class="link">https://b.example</span>' in html
        assert '<span class="link">[c]</span> <span class="target">http://d.example/e.png</span>' in html

    def test_definitions_of_links_are_not_lost(self) -> None:
        """A reader sees all that was said."""
        assert "https://x.example" in str(markdown("**see** [this]\n\n[this]: https://x.example\n"))

    def test_html_is_text(self) -> None:
        """Also in code, and in the name of its language."""
        html = str(markdown("<b>x</b> **y**\n\n```<script>\n<i>\n```\n\n`<u>`"))

        assert [] == [tag for tag in ("<b>", "<script>", "<i>", "<u>") if tag in html]
        assert "&lt;b&gt;x&lt;/b&gt;" in html

    def test_a_very_long_text_is_left_as_it_is(self) -> None:
        """It is shown folded."""
        assert markdown("**a** " * 10_000) is None

    @given(MARKUP)
    def test_nothing_in_it_acts(self, text: str) -> None:
        """Whatever the markup, only harmless tags and our own classes come out."""
        found = Tags()
        found.feed(str(markdown(text) or ""))

        assert found.tags <= TAGS
        assert {name for name, _ in found.attributes} <= {"class", "data-code", "start"}

    @pytest.mark.parametrize(
        "unit", ["[", "![", "*a ", "`a", "> ", "- ", "<a", "a**b", "|a", "[a](", "**_", "~~a", "\\"]
    )
    @pytest.mark.slow
    def test_takes_no_time(self, unit: str) -> None:
        """However it is made."""
        began = time.process_time()
        markdown(unit * (50_000 // len(unit)))

        assert time.process_time() - began < 10
