from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED_WHEN_USED = [
    "anthropic",
    "asyncio",
    "grpc",
    "hashlib",
    "httpx",
    "openai",
    "opentelemetry._logs",
    "opentelemetry.exporter",
    "opentelemetry.instrumentation",
    "opentelemetry.metrics",
    "opentelemetry.sdk",
    "orchestrace.messages",
    "orjson",
    "requests",
    "rich",
    "sqlite3",
    "typer",
    "wrapt",
    "yaml",
]
LOOK = """
import sys, json
import opentelemetry.context, opentelemetry.trace
before = set(sys.modules)
import orchestrace
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """Return what `import orchestrace` adds to a process that already has the OpenTelemetry API."""
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    names: list[str] = json.loads(done.stdout)
    return names


class TestImport:
    @pytest.mark.parametrize("heavy", LOADED_WHEN_USED)
    def test_leaves_heavy_modules_alone(self, heavy: str, loaded: list[str]) -> None:
        """A decorated program that never calls configure() pays for decorators only."""
        assert [] == [name for name in loaded if name == heavy or name.startswith(f"{heavy}.")]

    def test_loads_the_package(self, loaded: list[str]) -> None:
        """The look is not empty: it sees our own modules."""
        assert "orchestrace" in loaded
