from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import messages
from orchestrace.cli import wording

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["type", "role", "parts"]), inner),
    max_leaves=20,
)


class TestMessage:
    @pytest.mark.parametrize(
        ("part", "expected"),
        [
            (messages.text("Grüß Gott"), "Grüß Gott"),
            (messages.reasoning("hm"), "[reasoning] hm"),
            (messages.tool_call("find", {"q": "ö"}, "c1"), '[calls] find({"q": "ö"})'),
            (messages.tool_call("now"), "[calls] now()"),
            (messages.tool_call_response(["a"], "c1"), '[result] ["a"]'),
            (messages.tool_call_response("a"), "[result] a"),
            (messages.blob("image", "A" * 4096, "image/png"), "[image image/png: 4,096 characters of base64]"),
            (messages.uri("image", "https://host/cat.png"), "[image] https://host/cat.png"),
            (messages.file("document", "file-1"), "[document] file-1"),
            (messages.generic("left_out", messages=7), '{"type": "left_out", "messages": 7}'),
        ],
    )
    def test_parts_are_written_as_what_they_are(self, part: messages.Part, expected: str) -> None:
        """Words as words, the rest by what it is; base64 only by its size."""
        assert ("user", expected) == wording.message({"role": "user", "parts": [part]})

    def test_parts_follow_each_other(self) -> None:
        """A message may have several parts."""
        said = {"role": "assistant", "parts": [messages.text("a"), messages.text("b")]}

        assert wording.message(said) == ("assistant", "a\nb")

    def test_the_older_form_is_read(self) -> None:
        """Messages of other libraries had a content once."""
        assert wording.message({"role": "user", "content": "hi"}) == ("user", "hi")

    @given(ANY_JSON)
    def test_any_json_is_written(self, given: Any) -> None:
        """What another library wrote never stops the command."""
        role, words = wording.message(given)

        assert isinstance(role, str)
        assert isinstance(words, str)


class TestFields:
    def test_short_is_one_line(self) -> None:
        """Names with their values as JSON, so that an empty text is seen."""
        assert wording.fields({"name": "Zoë", "feedback": ""}, full=False) == 'name: "Zoë", feedback: ""'

    def test_long_values_leave_room(self) -> None:
        """A long first value does not hide the second one."""
        said = wording.fields({"text": "x" * 500, "feedback": "shorter"}, full=False)

        assert said.endswith('…, feedback: "shorter"')

    def test_full_has_lines(self) -> None:
        """One name a line, and texts as they are."""
        assert wording.fields({"a": "x\ny", "b": [1]}, full=True) == "a: x\ny\nb: [1]"

    @given(given=ANY_JSON, full=st.booleans())
    def test_any_json_is_written(self, given: Any, *, full: bool) -> None:
        """Whatever stands there, it becomes text."""
        assert isinstance(wording.fields(given, full=full), str)


class TestExamples:
    GIVEN = ({"id": "warm-1", "input": {"n": 1}, "output": "Dear"}, {"id": "warm-2", "input": "x", "output": "y"})

    def test_short_names_them(self) -> None:
        """Which examples a model saw, by id."""
        assert wording.examples(list(self.GIVEN), full=False) == "warm-1, warm-2"

    def test_full_shows_them(self) -> None:
        """And what they showed."""
        assert wording.examples(list(self.GIVEN), full=True) == 'warm-1: {"n": 1} → "Dear"\nwarm-2: "x" → "y"'

    @given(given=ANY_JSON, full=st.booleans())
    def test_any_json_is_written(self, given: Any, *, full: bool) -> None:
        """Whatever stands there, it becomes text."""
        assert isinstance(wording.examples(given, full=full), str)


class TestTools:
    GIVEN = ({"type": "function", "name": "find"}, {"type": "function", "name": "send"})

    def test_short_names_them(self) -> None:
        """Which tools a model could call."""
        assert wording.tools(list(self.GIVEN), full=False) == "find, send"

    def test_full_defines_them(self) -> None:
        """One definition a line."""
        lines = wording.tools(list(self.GIVEN), full=True).splitlines()

        assert ['{"type": "function", "name": "find"}', '{"type": "function", "name": "send"}'] == lines
