from __future__ import annotations

import re
from pathlib import Path

import pytest

import orchestrace
from orchestrace.doctor.variable import OURS, check
from orchestrace.settings import Settings


class TestCheck:
    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            ("OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"),
            ("ORCHESTRACE_JOURNALS", "ORCHESTRACE_JOURNAL"),
            ("ORCHESTRACE_AGENT", "ORCHESTRACE_AGENTS"),
        ],
    )
    def test_a_misspelt_name(self, wrong: str, right: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was meant is said."""
        monkeypatch.setenv(wrong, "x")

        assert [f"Did you mean {right}?"] == [one.do for one in check(Settings()) if wrong in one.what]

    def test_a_provider_that_would_be_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The program will not start so."""
        monkeypatch.setenv("ORCHESTRACE_PROPAGATE_TO", "api.openai.com")

        assert ["problem"] == [one.state for one in check(Settings()) if "PROPAGATE_TO" in one.what]

    def test_a_switch_that_does_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only true switches off."""
        monkeypatch.setenv("ORCHESTRACE_DISABLED", "1")

        assert ["ORCHESTRACE_DISABLED=1 has no effect"] == [one.what for one in check(Settings())]


class TestOurs:
    def test_is_complete(self) -> None:
        """Whoever adds a variable adds it there."""
        package = Path(str(orchestrace.__file__)).parent
        text = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))

        assert set() == set(re.findall(r'"(ORCHESTRACE_[A-Z_]*[A-Z])"', text)) - OURS
