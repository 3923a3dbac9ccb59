from __future__ import annotations

import base64
import hashlib
import re

from orchestrace.cli.page.page import page
from orchestrace.records import SpanRecord


def hash_of(text: str) -> str:
    """Return what a policy calls a text by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class TestPage:
    def test_allows_its_own_script_and_style_alone(self, story: list[SpanRecord]) -> None:
        """By their hashes; everything else is forbidden, whatever a span says."""
        html = page(story)
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
        (style,), (script,) = (
            re.findall("<style>(.*?)</style>", html, re.DOTALL),
            re.findall("<script>(.*?)</script>", html, re.DOTALL),
        )

        assert (
            f"default-src 'none'; script-src {hash_of(script)}; style-src {hash_of(style)}; "
            "base-uri 'none'; form-action 'none'"
        ) == policy.replace("&#39;", "'")

    def test_loads_nothing(self, story: list[SpanRecord]) -> None:
        """No address of anything in the page itself, and no inline handler or style."""
        tags = re.findall(r"<[a-z][^>]*>", re.sub("<(style|script)>.*?</\\1>", "", page(story), flags=re.DOTALL))

        assert [] == [tag for tag in tags if re.search(r'\s(?:src|style|on\w+|href)=(?!"#)', tag)]

    def test_order_does_not_matter(self, story: list[SpanRecord]) -> None:
        """Spans come as they ended, or as a database has them."""
        assert page(story) == page(reversed(story))

    def test_nothing_is_a_page(self) -> None:
        """That says so."""
        assert "<title>nothing</title>" in page([])

    def test_a_title_cannot_be_left(self) -> None:
        """A name is text there, too."""
        span = SpanRecord("a" * 32, "b" * 16, None, "</title><script>x</script>\u202e", 0, 1, 2)

        assert "<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;&lt;U+202E&gt;</title>" in page([span])
