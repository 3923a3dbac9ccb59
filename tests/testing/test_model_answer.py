from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.testing.model_answer import fragments


class TestFragments:
    def test_are_words(self) -> None:
        """A text is streamed word by word, each with the space behind it."""
        assert [" ", "Hello ", "there,\n", "you."] == fragments(" Hello there,\nyou.")

    def test_can_be_given(self) -> None:
        """A test that cares gives the pieces itself."""
        assert ["He", "llo"] == fragments(["He", "llo"])

    @given(st.text())
    def test_together_are_the_text(self, text: str) -> None:
        """Nothing is lost and none is empty."""
        pieces = fragments(text)

        assert (text, True) == ("".join(pieces), all(pieces))
