from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from orchestrace.exceptions import ConfigurationError
from orchestrace.pipeline import id_generator
from orchestrace.pipeline.id_generator import configured_id_generator
from orchestrace.testing import IncrementalIds


class TestConfiguredIdGenerator:
    @pytest.mark.parametrize("name", ["", " ", "random"])
    def test_it_is_random_by_default(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """The SDK's own has a name, too."""
        monkeypatch.setenv("OTEL_PYTHON_ID_GENERATOR", name)

        assert type(configured_id_generator()) is RandomIdGenerator

    def test_a_package_can_bring_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By its entry point."""
        installed = EntryPoint("counting", "orchestrace.testing:IncrementalIds", "opentelemetry_id_generator")

        def entry_points(**wanted: Any) -> EntryPoints:
            return EntryPoints([installed]).select(**wanted)

        monkeypatch.setattr(id_generator.metadata, "entry_points", entry_points)
        monkeypatch.setenv("OTEL_PYTHON_ID_GENERATOR", "counting")

        assert isinstance(configured_id_generator(), IncrementalIds)

    def test_an_unknown_one_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says what to do."""
        monkeypatch.setenv("OTEL_PYTHON_ID_GENERATOR", "dice")

        with pytest.raises(ConfigurationError, match="OTEL_PYTHON_ID_GENERATOR='dice' is no generator"):
            configured_id_generator()
