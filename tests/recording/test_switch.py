from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrace.recording.switch import VARIABLES, is_off


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    is_off.cache_clear()
    yield
    is_off.cache_clear()


class TestIsOff:
    @pytest.mark.parametrize("variable", VARIABLES)
    @pytest.mark.parametrize(
        ("value", "off"), [("true", True), (" TRUE ", True), ("1", False), ("false", False), ("", False)]
    )
    def test_each_variable_alone(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, *, off: bool
    ) -> None:
        """`true` in any case, and nothing else, as OpenTelemetry has it."""
        monkeypatch.setenv(variable, value)

        assert off is is_off()

    def test_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is set later comes too late."""
        before = is_off()
        monkeypatch.setenv(VARIABLES[0], "true")

        assert (False, False) == (before, is_off())
