from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from orchestrace.cli.excerpt import harmless, lines_of, one_line

CONSOLE = Console(width=80)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


def shown(text: str, width: int, limit: int | None) -> list[str]:
    """Return the lines as text."""
    return [line.plain for line in lines_of(text, CONSOLE, width, limit)]


class TestHarmless:
    def test_terminal_commands_become_visible(self) -> None:
        """An answer cannot clear the screen, recolour what follows or rename the window."""
        assert harmless("\x1b[2J\x07\x9b\x7f") == "␛[2J␇�␡"

    def test_letters_of_any_script_stay(self) -> None:
        """Non-ASCII is shown as it is."""
        assert harmless("Çelik 東京 👩‍🔬 שלום") == "Çelik 東京 👩‍🔬 שלום"

    @given(ANY_TEXT)
    def test_any_text_can_be_printed(self, text: str) -> None:
        """No control character but line break and tab, and no half of a pair, is left."""
        kept = harmless(text)

        assert "" == "".join(one for one in kept if unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t")

    def test_line_ends_of_other_systems_are_line_breaks(self) -> None:
        """A carriage return does not overwrite the line."""
        assert harmless("a\r\nb\rc") == "a\nb␍c"


class TestOneLine:
    def test_blanks_are_one_blank(self) -> None:
        """A paragraph becomes one line."""
        assert one_line("  a\n\n b\tc ") == "a b c"


class TestShortened:
    def test_a_short_text_stays(self) -> None:
        """What fits is shown whole."""
        assert shown("a\nb", 10, 2) == ["a b"]

    def test_the_last_line_says_that_there_was_more(self) -> None:
        """Two lines, and an ellipsis for the rest."""
        assert shown("one two three four five six", 10, 2) == ["one two", "three fou…"]

    def test_a_long_text_is_not_wrapped_whole(self) -> None:
        """A megabyte costs what its first lines cost."""
        assert shown("word " * 200_000, 9, 1) == ["word wor…"]

    @given(ANY_TEXT, st.integers(min_value=2, max_value=40), st.integers(min_value=1, max_value=4))
    def test_any_text_fits(self, text: str, width: int, limit: int) -> None:
        """Never more lines, and never a wider one, than there is room for."""
        lines = shown(text, width, limit)

        assert len(lines) <= limit
        assert all(cell_len(line) <= width for line in lines)


class TestWhole:
    def test_line_breaks_and_indentation_stay(self) -> None:
        """A prompt looks as it was written."""
        assert shown("def f():\n    return 1\n", 40, None) == ["def f():", "    return 1"]

    @given(st.text("ab \n", max_size=200), st.integers(min_value=1, max_value=20))
    def test_nothing_is_lost(self, text: str, width: int) -> None:
        """All words come, in their order."""
        assert "".join("".join(shown(text, width, None)).split()) == "".join(text.split())
