from __future__ import annotations

import pytest
from rich.text import Text

from orchestrace.cli.difference import ADDED, REMOVED, SAME, Piece
from orchestrace.cli.page.field import field_of, word_of
from orchestrace.cli.row import Row


class TestField:
    @pytest.mark.parametrize(
        ("row", "shown", "kind"),
        [
            (Row("key", "**7**", "bold red"), "raw", "bad"),
            (Row("user", "plain", prose=True), "raw", "prose"),
            (Row("user", "**7**", "green", prose=True), "markdown", "good prose"),
            (Row("changed", "**7**", prose=True, pieces=(Piece(ADDED, "**7**"),)), "changes", "prose"),
        ],
    )
    def test_is_shown_in_the_form_that_says_most(self, row: Row, shown: str, kind: str) -> None:
        """Markdown is for prose alone; what changed comes first."""
        field = field_of(row)

        assert (shown, kind) == (field.shown, field.kind)

    def test_changes_are_marked(self) -> None:
        """As what came and what went; each piece is text."""
        pieces = (Piece(SAME, "a "), Piece(REMOVED, "<b>"), Piece(ADDED, "c"))

        assert "<span>a </span><del>&lt;b&gt;</del><ins>c</ins>" == field_of(Row("x", "a c", pieces=pieces)).changes

    def test_of_what_stayed_the_ends_are_shown(self) -> None:
        """And how much there is between them; of a long change its beginning."""
        pieces = (Piece(SAME, "x" * 1_000), Piece(ADDED, "y" * 30_000), Piece(SAME, "z" * 1_000))
        changes = str(field_of(Row("x", "", pieces=pieces)).changes)

        assert ["… 700 characters …", "… 20,000 characters …", "… 700 characters …"] == [
            part.partition("<")[0] for part in changes.split('<span class="gap">')[1:]
        ]
        assert len(changes) < 12_000

    def test_a_long_text_has_a_beginning(self) -> None:
        """On one line."""
        field = field_of(Row("x", "a\nb" + "c" * 60_000))

        assert (60_003, "a bccc") == (field.size, str(field.beginning)[:6])


class TestWord:
    def test_has_a_class_for_its_colour(self) -> None:
        """What the style sheet knows."""
        assert ("<b>", "failed") == (word_of(Text("<b>", "red")).text.unescape(), word_of(Text("x", "red")).kind)
