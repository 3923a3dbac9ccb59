from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrace
from orchestrace.conventions import INPUT_MESSAGES, INPUT_VALUE, OUTPUT_MESSAGES, TRUNCATED
from orchestrace.recording.shortening import VARIABLES, _fit, limit, shortened
from orchestrace.testing import Spans

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test be a process of its own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    limit.cache_clear()
    yield
    monkeypatch.undo()
    limit.cache_clear()


class TestLimit:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            (("", ""), None),
            (("300", ""), 300),
            (("", "200"), 200),
            (("300", "200"), 300),
            (("unset", "200"), None),
            (("many", ""), None),
        ],
    )
    def test_the_spans_variable_goes_before_the_general_one(
        self, monkeypatch: pytest.MonkeyPatch, said: tuple[str, str], expected: int | None
    ) -> None:
        """As the SDK reads them; one that is no number the SDK refuses itself."""
        for name, value in zip(VARIABLES, said, strict=True):
            monkeypatch.setenv(name, value)

        assert expected == limit()


class TestShortened:
    def test_without_a_limit_nothing_is_done(self) -> None:
        """The very same mapping comes back."""
        attributes = {INPUT_VALUE: json.dumps(["x" * 100_000])}

        assert attributes is shortened(attributes)

    def test_a_document_stays_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Messages stay messages, and the span says which of its attributes was cut."""
        monkeypatch.setenv(VARIABLES[0], "600")
        messages = [{"role": "user", "parts": [{"type": "text", "content": "x" * 5_000}]}]
        done: dict[str, Any] = dict(shortened({INPUT_MESSAGES: json.dumps(messages), "a": 1}))
        [message] = json.loads(done[INPUT_MESSAGES])

        assert len(done[INPUT_MESSAGES]) <= 600
        assert ("user", "text", True) == (
            message["role"],
            message["parts"][0]["type"],
            message["parts"][0]["content"].startswith("xxxx"),
        )
        assert (1, [INPUT_MESSAGES]) == (done["a"], done[TRUNCATED])

    def test_what_was_said_before_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A span names all of its attributes that were cut, whenever that was."""
        monkeypatch.setenv(VARIABLES[1], "150")

        stands: Any = SimpleNamespace(attributes={TRUNCATED: (INPUT_MESSAGES,)})

        done = shortened({OUTPUT_MESSAGES: json.dumps(["y" * 999]), TRUNCATED: ["b"]}, stands)

        assert [INPUT_MESSAGES, "b", OUTPUT_MESSAGES] == done[TRUNCATED]

    def test_texts_are_left_to_the_sdk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What begins like a document and is none as well."""
        monkeypatch.setenv(VARIABLES[0], "10")
        texts = {"a": "x" * 20, "b": "[" + "x" * 20, "c": ["x" * 20]}

        assert texts == shortened(texts)

    @given(
        value=st.lists(VALUES, min_size=1) | st.dictionaries(st.text(max_size=9), VALUES), longest=st.integers(2, 900)
    )
    def test_any_document_fits_and_can_be_read(self, value: object, longest: int) -> None:
        """Whatever the limit: a list stays a list where anything of it fits."""
        text = _fit(json.dumps(value), longest)

        assert isinstance(text, str)
        assert len(text) <= longest or text == json.dumps(value)
        assert isinstance(json.loads(text), (list, dict))


class TestSpans:
    def test_both_ends_of_a_call_are_shortened(self, monkeypatch: pytest.MonkeyPatch, orchestrace_spans: Spans) -> None:
        """What it was given, and what it returned."""
        monkeypatch.setenv(VARIABLES[0], "300")

        @orchestrace.tool
        def look(query: str) -> dict[str, str]:
            return {"found": query}

        look("q" * 1000)
        [span] = orchestrace_spans
        texts = [value for value in span.attributes.values() if isinstance(value, str)]

        assert max(map(len, texts)) <= 300
        assert [json.loads(text) for text in texts if text.startswith("{")]
        assert 2 == len(span.attributes[TRUNCATED])  # type: ignore[arg-type]
