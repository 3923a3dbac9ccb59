from __future__ import annotations

from collections.abc import Iterator

import pytest

import orchestrace
from orchestrace.recording.switch import VARIABLES, is_off
from orchestrace.testing import Spans


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test be a process of its own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    is_off.cache_clear()
    yield
    monkeypatch.undo()
    is_off.cache_clear()


class TestIsOff:
    def test_by_default_it_is_not(self) -> None:
        """Neither variable is set."""
        assert is_off() is False

    @pytest.mark.parametrize("name", ["ORCHESTRACE_DISABLED", "OTEL_SDK_DISABLED"])
    @pytest.mark.parametrize(
        ("value", "off"),
        [("true", True), ("True", True), (" TRUE ", True), ("false", False), ("1", False), ("yes", False), ("", False)],
    )
    def test_only_true_switches_off(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, off: bool) -> None:
        """As OpenTelemetry reads its own."""
        monkeypatch.setenv(name, value)

        assert off is is_off()

    def test_it_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every call asks; the environment is not asked each time."""
        before = is_off()
        monkeypatch.setenv(VARIABLES[0], "true")

        assert (False, False) == (before, is_off())

    def test_a_decorated_function_is_then_the_function(
        self, monkeypatch: pytest.MonkeyPatch, orchestrace_spans: Spans
    ) -> None:
        """It runs, and nothing is recorded."""
        monkeypatch.setenv(VARIABLES[0], "true")
        is_off.cache_clear()  # the capture has asked before
        is_off.cache_clear()

        @orchestrace.tool
        def send() -> str:
            return "sent"

        assert "sent" == send()
        assert [] == list(orchestrace_spans)
