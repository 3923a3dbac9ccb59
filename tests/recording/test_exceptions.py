from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.exceptions import message_of, record, type_of
from orchestrace.recording.tracer import tracer
from orchestrace.testing import Spans
from orchestrace.typing import AttributeValue

KEY = "sk-" + "proj-" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"


class RefusalError(Exception):
    """An error of the program's."""


class WordlessError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError


def raised(error: BaseException, cause: BaseException | None = None, depth: int = 0) -> BaseException:
    """Raise an exception some calls down, and return it."""

    def down(left: int) -> None:
        if left:
            down(left - 1)
        raise error from cause

    try:
        down(depth)
    except BaseException as caught:
        return caught
    raise AssertionError


def recorded(spans: Spans, error: BaseException, *, content: bool = True) -> dict[str, AttributeValue]:
    """Return what an event says of an exception."""
    span = tracer().start_span("s")
    record(span, error, 1_000, content=content)
    span.end()
    (event,) = spans.one("s").events
    assert ("exception", 1_000) == (event.name, event.time)
    return event.attributes


class TestRecord:
    def test_says_what_came_out(self, orchestrace_spans: Spans) -> None:
        """Type, words, and the way it took."""
        said = recorded(orchestrace_spans, raised(RefusalError("no")))
        name = f"{__name__}.RefusalError"

        assert (name, "no") == (said["exception.type"], said["exception.message"])
        assert str(said["exception.stacktrace"]).startswith("Traceback (most recent call last):")
        assert str(said["exception.stacktrace"]).rstrip().endswith(f"{name}: no")

    def test_where_it_came_from_is_said(self, orchestrace_spans: Spans) -> None:
        """The cause is what is looked for at night."""
        said = recorded(orchestrace_spans, raised(RefusalError("no"), cause=KeyError("the cause")))

        assert "KeyError: 'the cause'" in str(said["exception.stacktrace"])

    def test_without_content_only_the_type_is_said(self, orchestrace_spans: Spans) -> None:
        """Words quote prompts, and stack traces quote words."""
        said = recorded(orchestrace_spans, raised(RefusalError("the prompt")), content=False)

        assert {"exception.type": f"{__name__}.RefusalError"} == said

    def test_keys_are_masked(self, orchestrace_spans: Spans) -> None:
        """SDKs quote the key that was refused."""
        said = recorded(orchestrace_spans, raised(RefusalError(f"Incorrect API key provided: {KEY}")))

        assert KEY not in str(said)

    def test_one_without_words_is_recorded_without(self, orchestrace_spans: Spans) -> None:
        """A `__str__` that raises is its own affair."""
        said = recorded(orchestrace_spans, raised(WordlessError()))

        assert (f"{__name__}.WordlessError", "") == (said["exception.type"], said["exception.message"])

    def test_a_long_way_keeps_its_end(self, orchestrace_spans: Spans) -> None:
        """What a recursion without end says is bounded; where it broke stands at the end."""
        said = str(recorded(orchestrace_spans, raised(RefusalError("x" * 100_000), depth=300))["exception.stacktrace"])

        assert 32_768 >= len(said)
        assert said.rstrip().endswith("x" * 1000)


class TestMessageOf:
    @given(st.text())
    def test_short_words_are_kept(self, words: str) -> None:
        """As they are, whatever they are."""
        assert words[:4096] == message_of(RefusalError(words))

    def test_long_words_keep_their_start(self) -> None:
        """At most 4,096 characters; an answer of 10 MB is no message."""
        assert "x" * 4096 == message_of(RefusalError("x" * 10_000_000))

    def test_a_key_is_not_cut_in_two(self) -> None:
        """What is left of it at the cut would not be known for a key."""
        assert "0aB1" not in message_of(RefusalError("x" * (4096 - 30) + " " + KEY))


class TestTypeOf:
    @pytest.mark.parametrize(
        ("error", "name"),
        [
            (ValueError(), "ValueError"),
            (KeyboardInterrupt(), "KeyboardInterrupt"),
            (RefusalError(), f"{__name__}.RefusalError"),
        ],
    )
    def test_is_the_full_name(self, error: BaseException, name: str) -> None:
        """Without `builtins.`."""
        assert name == type_of(error)
