"""Modules of their own for each test, and an agents file that names what is in them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from orchestrace.declared.application import apply, withdraw
from orchestrace.declared.reading import read

Write: TypeAlias = Callable[..., None]
Declare: TypeAlias = Callable[..., None]

_numbers = count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of an empty package that no other test has, in which `write` makes modules."""
    name = f"shop{next(_numbers)}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for module in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def write(package: str, tmp_path: Path) -> Write:
    """Return how to write a module of the package; `shop` in it is the package's name."""

    def write_module(name: str, text: str) -> None:
        words = textwrap.dedent(text).replace("shop", package)
        (tmp_path / package / f"{name}.py").write_text(words, encoding="utf-8")

    return write_module


@pytest.fixture
def load(package: str) -> Callable[[str], Any]:
    """Return how to import a module of the package."""
    return lambda name: import_module(f"{package}.{name}")


@pytest.fixture
def module(request: pytest.FixtureRequest, write: Write, load: Callable[[str], Any]) -> ModuleType:
    """Return the module `agents` of the package, in which stands what the tests' own file has as MODULE."""
    write("agents", request.module.MODULE)
    loaded: ModuleType = load("agents")
    return loaded


@pytest.fixture
def declare(package: str) -> Iterator[Declare]:
    """Return how to put targets into force, until the test ends; `shop` in them is the package's name."""

    def declare_targets(*targets: dict[str, Any]) -> None:
        named = [{**one, "target": one["target"].replace("shop", package)} for one in targets]
        apply(read({"agents": named}))

    yield declare_targets
    withdraw()
