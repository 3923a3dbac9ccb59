from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli.changes import changes
from orchestrace.cli.difference import ADDED, REMOVED, SAME, Piece, difference


class TestChanges:
    def test_colours_say_what_happened(self) -> None:
        """What went is struck out; the blank after a word is not part of it."""
        text = changes(difference("one two three", "one 2 three"), marked=False, full=False)

        assert "one two 2 three" == text.plain
        assert [("two", "red strike"), ("2", "green")] == [
            (text.plain[span.start : span.end], span.style) for span in text.spans if span.style
        ]

    def test_brackets_stand_where_there_are_no_colours(self) -> None:
        """In a pipe."""
        pieces = difference("one two three", "one 2 three")

        assert "one [-two-] {+2+} three" == changes(pieces, marked=True, full=False).plain

    def test_what_stayed_is_shortened(self) -> None:
        """To some words around each change; in full it is whole."""
        long = "some words that stay " * 10
        pieces = [Piece(SAME, long), Piece(REMOVED, "a "), Piece(SAME, long), Piece(ADDED, "b "), Piece(SAME, long)]

        assert (
            "… stay some words that stay [-a-] some words that stay some … stay some words that stay {+b+} "
            "some words that stay some …" == changes(pieces, marked=True, full=False).plain
        )
        assert f"{long}[-a-] {long}{{+b+}} {long}" == changes(pieces, marked=True, full=True).plain

    def test_a_long_change_is_cut(self) -> None:
        """Also in full: a text of megabytes is whole elsewhere."""
        pieces = [Piece(REMOVED, "x" * 100_000), Piece(ADDED, "y" * 100_000), Piece(SAME, "z" * 100_000)]

        assert [f"[-{'x' * count}…-]{{+{'y' * count}…+}}" for count in (2_000, 20_000)] == [
            changes(pieces, marked=True, full=full).plain.partition("z")[0] for full in (False, True)
        ]

    @given(st.text("ab \n\x1b", max_size=100), st.text("ab \n\x1b", max_size=200))
    def test_any_change_can_be_drawn(self, before: str, after: str) -> None:
        """On one line if it is shortened; of blanks alone, too."""
        pieces = [*difference(before, after), Piece(SAME, "\n " * 99), Piece(ADDED, "\n")]

        assert {"\n", "\x1b"}.isdisjoint(changes(pieces, marked=True, full=False).plain)
        assert "\x1b" not in changes(pieces, marked=False, full=True).plain

    def test_is_harmless(self) -> None:
        """Line breaks are blanks in a shortened text, and escape codes only their pictures."""
        pieces = [Piece(REMOVED, "a\x1b[2J\nb\n"), Piece(SAME, "\n")]

        assert "[-a␛[2J b-]" == changes(pieces, marked=True, full=False).plain.rstrip()
