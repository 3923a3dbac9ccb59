from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.exceptions import message_of, type_of


class SilentError(Exception):
    """Have no words."""

    def __str__(self) -> str:
        raise RuntimeError


class TestTypeOf:
    @pytest.mark.parametrize(
        ("error", "name"),
        [(ValueError(), "ValueError"), (json.JSONDecodeError("", "", 0), "json.decoder.JSONDecodeError")],
    )
    def test_is_the_full_name(self, error: BaseException, name: str) -> None:
        """Builtins are called as everybody does."""
        assert name == type_of(error)


class TestMessageOf:
    @given(st.text())
    def test_is_bounded_and_total(self, words: str) -> None:
        """Whatever an exception says."""
        assert message_of(ValueError(words))[:10] == str(ValueError(words))[:10]
        assert len(message_of(ValueError(words * 1000))) <= 4096

    def test_keys_are_masked(self) -> None:
        """An SDK quotes them."""
        assert "[masked:openai-key]" in message_of(ValueError("bad key sk-" + "proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9"))

    def test_no_words(self) -> None:
        """A `__str__` that raises costs its words only."""
        assert message_of(SilentError()) == ""
