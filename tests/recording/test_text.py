from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.snapshot import snapshot
from orchestrace.recording.text import as_recorded, label, shortened, written

KEY = "sk-" + "proj-" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"


class Text(str):
    """A text with a life of its own."""

    __slots__ = ()


class TestAsRecorded:
    @given(st.text(min_size=257))
    def test_a_long_one_is_its_label(self, typed: str) -> None:
        """Its beginning and a hash."""
        assert label(typed) == as_recorded(typed)

    def test_a_short_one_is_what_was_typed(self) -> None:
        """One that would be masked, too: others have the same mask."""
        assert (KEY, False) == (as_recorded(KEY), label(KEY) == KEY)


class TestLabel:
    @pytest.mark.parametrize(("value", "said"), [("k", "k"), (417, "417"), (None, "null"), ({"a": 1}, '{"a":1}')])
    def test_is_a_text_to_search_by(self, value: object, said: str) -> None:
        """Whatever a key is, it is searched for as a text."""
        assert said == label(value)

    @given(st.text() | st.integers() | st.lists(st.text()))
    def test_is_never_longer_than_can_be_searched_for(self, value: object) -> None:
        """256 characters."""
        assert 256 >= len(label(value))

    def test_a_key_is_masked(self) -> None:
        """Also one that would be cut in two."""
        assert "0aB1" not in label("x" * 230 + " " + KEY)


class TestWritten:
    @pytest.mark.parametrize("value", ["", "Hello", Text("Hello"), "你好 🙂"])
    def test_a_text_is_itself(self, value: str) -> None:
        """Not a quoted one."""
        assert (str(value), "text/plain") == written(value)

    @pytest.mark.parametrize("value", [1, 1.5, None, True, [1, "x"], {"a": "é"}])
    def test_anything_else_is_json(self, value: object) -> None:
        """UTF-8 without escapes."""
        text, kind = written(value)

        assert (value, "application/json") == (json.loads(text), kind)
        assert "\\u" not in text

    @given(st.text())
    def test_a_text_is_written_as_its_snapshot(self, value: str) -> None:
        """Lone surrogates and keys are dealt with there."""
        assert (snapshot(value), "text/plain") == written(value)

    def test_a_client_is_its_type(self) -> None:
        """Its attributes hold its key."""
        text, kind = written(object())

        assert ('{"type":"object"}', "application/json") == (text, kind)


class TestShortened:
    @pytest.mark.parametrize(
        ("text", "limit", "said"),
        [
            ("short", 10, "short"),
            ("exactly 10", 10, "exactly 10"),
            ("more than 10", 10, "more than…"),
            ("a word cut", 8, "a word…"),
            ("two\n\n lines\t", 20, "two lines"),
            ("", 5, ""),
        ],
    )
    def test_is_one_line(self, text: str, limit: int, said: str) -> None:
        """Cut to a length, with an ellipsis in place of what is missing."""
        assert said == shortened(text, limit)

    @given(st.text(), st.integers(1, 50))
    def test_keeps_to_its_limit(self, text: str, limit: int) -> None:
        """The ellipsis counts."""
        said = shortened(text, limit)

        assert len(said) <= limit
        assert "\n" not in said
