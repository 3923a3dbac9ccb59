from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli.difference import ADDED, REMOVED, SAME, difference

WORDS = st.text("ab .,\n你好", max_size=60)


def said(before: str, after: str) -> str:
    """Return a difference as git writes it."""
    marks = {SAME: "{}", REMOVED: "[-{}-]", ADDED: "{{+{}+}}"}
    return "".join(marks[piece.kind].format(piece.text) for piece in difference(before, after))


class TestDifference:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ("one two three", "one 2 three", "one [-two -]{+2 +}three"),
            ("one", "one two", "[-one-]{+one two+}"),
            ("the cat sat.", "the dog ran.", "the [-cat sat-]{+dog ran+}."),
            ("你好,李雷。", "你好,李梅。", "你好,李[-雷-]{+梅+}。"),
            ("same", "same", "same"),
            ("", "new", "{+new+}"),
            ("old", "", "[-old-]"),
            ("", "", ""),
        ],
    )
    def test_is_by_words(self, before: str, after: str, expected: str) -> None:
        """What stands between two changes and is only a blank or a mark belongs to them."""
        assert expected == said(before, after)

    @given(WORDS, WORDS)
    def test_nothing_is_lost(self, before: str, after: str) -> None:
        """What stayed and what went is the one text, what stayed and what came the other; no piece is empty."""
        pieces = difference(before, after)

        assert before == "".join(piece.text for piece in pieces if piece.kind != ADDED)
        assert after == "".join(piece.text for piece in pieces if piece.kind != REMOVED)
        assert all(piece.text for piece in pieces)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("word " * 1_000_000, "other " * 1_000_000),
            ("a b c d " * 600_000, "b a d c " * 600_000),
            ("x" * 5_000_000, "x" * 4_999_999 + "y"),
            ("line of words\n" * 300_000, "line of other words\n" * 300_000),
            ("一" * 2_000_000, "二" * 2_000_000),
            ("a b " * 200, "b a " * 200),
        ],
    )
    def test_large_and_monotonous_texts_take_seconds(self, before: str, after: str) -> None:
        """Where words are too many, lines are compared, and where they are, nothing but the ends."""
        began = time.process_time()
        difference(before, after)

        assert time.process_time() - began < 20

    def test_of_a_large_text_a_changed_line_is_found(self) -> None:
        """Line by line."""
        lines = [f"line {number} of many\n" for number in range(8_000)]
        changed = [*lines[:100], "first\n", *lines[101:7_000], "second\n", *lines[7_001:]]
        pieces = difference("".join(lines), "".join(changed))

        assert ["first\n", "second\n"] == [piece.text for piece in pieces if piece.kind == ADDED]
