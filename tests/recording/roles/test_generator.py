from __future__ import annotations

from collections.abc import Iterator

import pytest

import orchestrace
from orchestrace.testing import Spans


@orchestrace.generator
def draft(words: str) -> str:
    """Draft."""
    return words


@orchestrace.generator
def stream() -> Iterator[str]:
    """Draft piece by piece."""
    yield "a "
    yield "stream"


def drafted(spans: Spans) -> object:
    """Return the draft of the only iteration."""
    return spans.attributes("iteration 1").get("output.value")


class TestGenerator:
    def test_what_it_gave_is_the_draft_of_the_iteration(self, orchestrace_spans: Spans) -> None:
        """The last one, where there are several."""
        for _ in orchestrace.iterations(limit=1):
            draft("first")
            draft("second")

        assert "second" == drafted(orchestrace_spans)

    def test_a_stream_is_one_draft(self, orchestrace_spans: Spans) -> None:
        """As it was reduced."""
        for _ in orchestrace.iterations(limit=1):
            list(stream())

        assert "a stream" == drafted(orchestrace_spans)

    def test_a_part_of_the_result_is_the_draft_where_that_was_said(self, orchestrace_spans: Spans) -> None:
        """`read=` says what the output is."""
        for _ in orchestrace.iterations(limit=1):
            orchestrace.generator(read="text")(lambda: {"text": "words", "state": 3})()

        assert "words" == drafted(orchestrace_spans)

    def test_what_an_evaluator_generates_is_no_draft(self, orchestrace_spans: Spans) -> None:
        """A reference answer to compare with."""
        judge = orchestrace.evaluator(name="j")(lambda text: draft("reference") == text)
        for _ in orchestrace.iterations(limit=1):
            judge(draft("words"))

        assert "words" == drafted(orchestrace_spans)

    def test_one_that_failed_has_no_draft(self, orchestrace_spans: Spans) -> None:
        """The one before it is still the draft."""

        @orchestrace.generator
        def fail() -> str:
            raise KeyError

        for _ in orchestrace.iterations(limit=1):
            draft("words")
            with pytest.raises(KeyError):
                fail()

        assert "words" == drafted(orchestrace_spans)

    def test_without_content_there_are_no_words(self, orchestrace_spans: Spans) -> None:
        """The iteration has none of its own either."""
        with orchestrace.content("off"):
            for _ in orchestrace.iterations(limit=1):
                draft("words")

        assert drafted(orchestrace_spans) is None
