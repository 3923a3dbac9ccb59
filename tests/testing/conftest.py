"""Recorded traffic beside the repository, and a process in which no global provider was ever set."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from orchestrace.testing import Recording, recordings

FOLDER = Path(__file__).parents[3] / "shared" / "recordings"


@pytest.fixture(scope="session")
def folder() -> Path:
    """Return the folder of recordings; where it is absent, what needs it is skipped."""
    if not FOLDER.is_dir():
        pytest.skip(f"no recordings beside the repository, in {FOLDER.parent.name}/{FOLDER.name}")
    return FOLDER


@pytest.fixture(scope="session")
def recorded(folder: Path) -> list[Recording]:
    """Return all recordings."""
    return recordings(folder=folder)


@pytest.fixture
def no_global_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test find OpenTelemetry as it is before anybody sets a provider, and put back what was there."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
