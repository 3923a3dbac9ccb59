from __future__ import annotations

import gc
from dataclasses import dataclass

from opentelemetry.trace import SpanContext

from orchestrace.recording.roles.drafts import Drafts
from orchestrace.recording.selectors import MISSING

ONE, TWO = (SpanContext(1, n, is_remote=False) for n in (1, 2))


@dataclass
class Email:
    """A draft that is no text."""

    text: str


class TestJudged:
    def test_without_a_draft_there_is_none(self) -> None:
        """Nor where something else is judged."""
        assert Drafts().judged(["a"]) is None

    def test_a_text_is_known_by_its_words(self) -> None:
        """Whoever wrote the same last counts."""
        drafts = Drafts()
        drafts.take(ONE, {}, "a")
        drafts.take(TWO, {}, "b")

        assert [ONE, TWO] == [drafts.judged([1, text]) for text in ("a", "b")]

    def test_an_object_is_known_by_being_the_same(self) -> None:
        """Two that are equal are two drafts."""
        first, second = Email("x"), Email("x")
        drafts = Drafts()
        drafts.take(ONE, {}, first)
        drafts.take(TWO, {}, second)

        assert [ONE, TWO] == [drafts.judged([draft]) for draft in (first, second)]

    def test_an_object_is_not_kept_alive(self) -> None:
        """It is the program's, and may be large."""
        drafts = Drafts()
        drafts.take(ONE, {}, Email("x"))
        gc.collect()

        assert [None] == [held() for held, _ in drafts._objects]

    def test_anything_else_is_taken_for_the_last(self) -> None:
        """A list has no name that it could be known by."""
        drafts = Drafts()
        drafts.take(ONE, {}, ["a"], MISSING, None)
        drafts.take(TWO, {}, 3)

        assert TWO == drafts.judged([["a"], 3, None])

    def test_very_many_are_not_told_apart(self) -> None:
        """A loop that drafts for ever fills no memory."""
        drafts = Drafts()
        for n in range(1000):
            drafts.take(ONE, {}, str(n))
        drafts.take(TWO, {}, "last")

        assert (256, TWO) == (len(drafts._texts), drafts.judged(["last"]))
