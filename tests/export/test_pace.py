from __future__ import annotations

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.pace import Pace, configured_pace


class TestConfiguredPace:
    def test_without_variables(self) -> None:
        """As many as the SDK sends together, and less than a second: who looks for a run waits no longer."""
        assert Pace(512, 0.75) == configured_pace()

    def test_variables_are_opentelemetry_s(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Milliseconds become seconds; blanks around a number are nothing."""
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", " 17 ")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1500")

        assert Pace(17, 1.5) == configured_pace()

    def test_an_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the specification has it."""
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "")

        assert 0.75 == configured_pace().delay

    @pytest.mark.parametrize("said", ["0", "-1", "many", "1.5"])
    @pytest.mark.parametrize("variable", ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY"])
    def test_no_number_is_said_at_once(self, monkeypatch: pytest.MonkeyPatch, variable: str, said: str) -> None:
        """The message names the variable and what stands in it."""
        monkeypatch.setenv(variable, said)

        with pytest.raises(ConfigurationError, match=f"{variable}='{said}'"):
            configured_pace()
