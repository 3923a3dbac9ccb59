from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.text import JSON_TYPE, TEXT_TYPE, label, shortened, written


class TestWritten:
    @pytest.mark.parametrize(
        ("value", "text", "mime_type"),
        [("é", "é", TEXT_TYPE), ({"a": 1}, '{"a":1}', JSON_TYPE), (None, "null", JSON_TYPE), (3, "3", JSON_TYPE)],
    )
    def test_a_text_stays_a_text(self, value: object, text: str, mime_type: str) -> None:
        """Anything else is JSON."""
        assert (text, mime_type) == written(value)


class TestLabel:
    @given(st.one_of(st.text(), st.integers(), st.lists(st.integers())))
    def test_is_short_and_total(self, value: object) -> None:
        """What is searched for has at most 256 characters."""
        assert len(label(value)) <= 256


class TestShortened:
    @given(st.text(), st.integers(2, 50))
    def test_is_one_line_within_the_limit(self, text: str, limit: int) -> None:
        """White space is one space; a cut is marked."""
        line = shortened(text, limit)

        assert len(line) <= limit
        assert line == " ".join(line.split())
        assert line in {" ".join(text.split()), line[:-1].rstrip() + "…"}
