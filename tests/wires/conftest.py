"""What the wires are tried on: recorded traffic and the conventions' schemas, where both are at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SHARED = Path(__file__).parents[3] / "shared"
ABSENT = pytest.mark.skip(reason="the recorded traffic is no part of the repository, and not beside it either")


@cache
def recordings() -> dict[str, Any]:
    """Return every recorded interaction by its name."""
    folder = SHARED / "recordings"
    return {
        str(path.relative_to(folder).with_suffix("")): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*/*.json"))
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `recording` once for each that its module `concerns`."""
    if "recording" in metafunc.fixturenames:
        concerns = metafunc.module.concerns
        chosen = {name: said for name, said in recordings().items() if concerns(said)}
        absent = [pytest.param(None, marks=ABSENT)]
        metafunc.parametrize("recording", list(chosen.values()) or absent, ids=list(chosen) or None)


@pytest.fixture(scope="session")
def schemas() -> dict[str, jsonschema.Draft202012Validator]:
    """Return the conventions' JSON schemas by the name of what they describe."""
    paths = {path.stem.removeprefix("gen-ai-"): path for path in (SHARED / "conventions").glob("gen-ai-*.json")}
    if not paths:
        pytest.skip("the conventions' schemas are no part of the repository, and not beside it either")
    return {
        name: jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
        for name, path in paths.items()
    }
