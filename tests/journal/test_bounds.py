from __future__ import annotations

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.journal.bounds import (
    AGE_VARIABLE,
    SIZE_VARIABLE,
    Bounds,
    age_of,
    as_age,
    as_size,
    size_of,
    stated_bounds,
)


class TestStatedBounds:
    def test_variables_say_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """How old a trace may become, and how large the journal."""
        monkeypatch.setenv(AGE_VARIABLE, "12h")
        monkeypatch.setenv(SIZE_VARIABLE, "256MiB")

        assert stated_bounds() == Bounds(43_200, 256 << 20)

    def test_a_week_and_a_gibibyte_are_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty variable is an unset one."""
        monkeypatch.setenv(AGE_VARIABLE, " ")
        monkeypatch.delenv(SIZE_VARIABLE, raising=False)

        assert stated_bounds() == Bounds(604_800, 1 << 30)

    @pytest.mark.parametrize(("name", "value"), [(AGE_VARIABLE, "7 years"), (SIZE_VARIABLE, "large")])
    def test_one_that_cannot_be_followed_is_named(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        """With what was said, and what to write."""
        monkeypatch.setenv(name, value)
        with pytest.raises(ConfigurationError, match=f"^{name}='{value}' is no .*: write a number and "):
            stated_bounds()


class TestAge:
    @pytest.mark.parametrize(
        ("words", "seconds"),
        [("90s", 90), ("90m", 5_400), ("12h", 43_200), ("7d", 604_800), ("2 W", 1_209_600), ("1.5h", 5_400)],
    )
    def test_a_number_and_a_unit(self, words: str, seconds: int) -> None:
        """In upper or lower case."""
        assert age_of(words, "--older-than") == seconds

    @pytest.mark.parametrize("words", ["7", "d", "", "0d", "-1d", "7 days", "1e3d", "\u0667d"])
    def test_anything_else_is_an_error(self, words: str) -> None:
        """A number alone too: it does not say of what."""
        with pytest.raises(ConfigurationError, match="--older-than="):
            age_of(words, "--older-than")

    @pytest.mark.parametrize(
        ("seconds", "words"), [(1, "1 second"), (90, "90 seconds"), (3_600, "1 hour"), (604_800, "7 days")]
    )
    def test_in_words(self, seconds: int, words: str) -> None:
        """In the largest unit that fits."""
        assert as_age(seconds) == words


class TestSize:
    @pytest.mark.parametrize(
        ("words", "size"),
        [("1GiB", 1 << 30), ("256 mib", 256 << 20), ("500MB", 500_000_000), ("1048576", 1 << 20), ("0.5KiB", 512)],
    )
    def test_a_number_and_a_unit(self, words: str, size: int) -> None:
        """A number alone is bytes."""
        assert size_of(words, "--max-size") == size

    @pytest.mark.parametrize("words", ["GiB", "", "0", "-1", "1 XiB", "1,5GiB"])
    def test_anything_else_is_an_error(self, words: str) -> None:
        """Nothing is no size."""
        with pytest.raises(ConfigurationError, match="--max-size="):
            size_of(words, "--max-size")

    @pytest.mark.parametrize(
        ("size", "words"), [(0, "0 bytes"), (1023, "1023 bytes"), (1 << 30, "1 GiB"), (3 << 19, "1.5 MiB")]
    )
    def test_in_words(self, size: int, words: str) -> None:
        """In the largest unit of which there is one."""
        assert as_size(size) == words
