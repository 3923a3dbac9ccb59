from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.metrics import NoOpMeterProvider

from orchestrace.recording.set_provider import SetProvider

PLACE = "opentelemetry.metrics._internal._METER_PROVIDER"
VARIABLE = "OTEL_PYTHON_METER_PROVIDER"


class Own:
    """A provider of nobody's that we know."""


@pytest.fixture
def meters(monkeypatch: pytest.MonkeyPatch) -> SetProvider:
    """Return what finds the global provider of meters, of which there is none."""
    monkeypatch.setattr(PLACE, None)
    monkeypatch.delenv(VARIABLE, raising=False)
    return SetProvider("opentelemetry.metrics", "get_meter_provider", "METER")


class TestSetProvider:
    def test_is_none_where_none_was_set(self, meters: SetProvider) -> None:
        """The API's own stands for it, and hears nothing."""
        assert meters.stands_in(metrics.get_meter_provider())
        assert None is meters()

    def test_is_found_whenever_it_comes(self, meters: SetProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """Programs set theirs after ours was asked for."""
        provider = Own()
        before = meters()
        monkeypatch.setattr(PLACE, provider)

        assert [None, provider] == [before, meters()]

    def test_one_of_the_apis_own_is_none(self, meters: SetProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program that sets it wants nothing to be heard."""
        monkeypatch.setattr(PLACE, NoOpMeterProvider())

        assert None is meters()

    def test_one_that_the_environment_names_is_asked_for(
        self, meters: SetProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OpenTelemetry loads it then."""
        provider = Own()
        monkeypatch.setenv(VARIABLE, "own")
        monkeypatch.setattr(metrics, "get_meter_provider", lambda: provider)

        assert provider is meters()

    def test_where_the_place_is_another_the_api_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A version that keeps it elsewhere costs more, and nothing else."""
        provider, module = Own(), ModuleType("signal_of_tests")
        getting: Any = module
        getting.get_provider = lambda: provider
        monkeypatch.setitem(sys.modules, "signal_of_tests", module)
        monkeypatch.setitem(sys.modules, "signal_of_tests._internal", ModuleType("signal_of_tests._internal"))

        assert provider is SetProvider("signal_of_tests", "get_provider", "OWN")()
