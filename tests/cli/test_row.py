from __future__ import annotations

from rich.console import Console

from orchestrace.cli.row import Row, draw

CONSOLE = Console(width=80)


def drawn(*rows: Row, width: int = 20, full: bool = False) -> list[str]:
    """Return the lines as text."""
    return [line.plain for line in draw(rows, CONSOLE, width, full=full)]


class TestDraw:
    def test_texts_stand_in_a_column(self) -> None:
        """As far to the right as the longest label needs it."""
        assert drawn(Row("key", "7"), Row("summary", "fine")) == ["key      7", "summary  fine"]

    def test_lines_that_go_on_have_no_label(self) -> None:
        """A text of two lines stays in its column."""
        assert drawn(Row("user", "one two three four", lines=2)) == ["user  one two three", "      four"]

    def test_texts_are_shortened(self) -> None:
        """To the lines that the row wants."""
        assert drawn(Row("user", "one two three four")) == ["user  one two three…"]

    def test_full_texts_are_whole(self) -> None:
        """With the line breaks that they have."""
        assert drawn(Row("user", "one\ntwo\nthree"), full=True) == ["user  one", "      two", "      three"]

    def test_a_narrow_column_still_shows_something(self) -> None:
        """Half of the width is for the texts, whatever the labels take."""
        assert drawn(Row("a very long label", "text"), width=10) == ["a very long label  text"]

    def test_long_labels_are_cut(self) -> None:
        """Whatever name a verdict has."""
        assert drawn(Row("x" * 30, "text"), width=40) == [f"{'x' * 19}…  text"]

    def test_nothing_is_nothing(self) -> None:
        """A span without anything to say has a heading only."""
        assert [] == drawn()

    def test_texts_have_their_style(self) -> None:
        """An error is red on all its lines, its label is not."""
        lines = list(draw([Row("error", "one two", "red", lines=2)], CONSOLE, 11, full=False))

        assert [("one", "", ["dim", "red"]), ("two", "", ["red"])] == [
            (line.plain[7:], line.style, [str(span.style) for span in line.spans]) for line in lines
        ]
