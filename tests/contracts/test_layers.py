from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

tomllib: Any = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

MAY_IMPORT_THE_SDK = {"pipeline", "journal", "export", "testing", "configuration", "running", "reporting"}


@pytest.fixture(scope="session")
def contracts(root: Path) -> dict[str, Any]:
    """Return the import contracts of pyproject.toml by kind: the linter and these tests read the same lines."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["type"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="session")
def level(contracts: dict[str, Any]) -> dict[str, int]:
    """Return how high each part of the package stands."""
    layers = contracts["layers"]["layers"]
    return {part: -depth for depth, layer in enumerate(layers) for part in re.findall(r"[a-z_]+", layer)}


@pytest.fixture(scope="session")
def strangers(contracts: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the pairs on one level of which the first must not import the second."""
    rows = [re.findall(r"[a-z_]+", layer) for layer in contracts["layers"]["layers"] if "|" in layer]
    rows.append([_part(name) for name in contracts["independence"]["modules"]])
    pairs = {(one, other) for row in rows for one in row for other in row if one != other}
    below, above = contracts["forbidden"]["source_modules"], contracts["forbidden"]["forbidden_modules"]
    return pairs | {(_part(one), _part(other)) for one in below for other in above}


def imports(tree: ast.Module, package: str) -> Iterator[str]:
    """Return the full name of everything that is imported anywhere in a module, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _part(name: str) -> str:
    return name.split(".")[1]


class TestImports:
    def test_go_down_only(self, modules: list[Any], level: dict[str, int], strangers: set[tuple[str, str]]) -> None:
        """
        A module imports from lower layers and from its own part; siblings that are kept apart stay apart.

        The package itself shows names of every layer; `test_import_cost.py` holds it light.
        """
        found = {}
        for one in modules:
            if one.dotted == "orchestrace":
                continue
            here = _part(one.dotted)
            names = imports(one.tree, one.package)
            parts = {_part(name) for name in names if name.startswith("orchestrace.")} - {here}
            found[one.dotted] = {
                part for part in parts & set(level) if level[part] > level[here] or (here, part) in strangers
            }

        assert {} == {module: parts for module, parts in found.items() if parts}

    def test_sdk_stays_in_the_half_behind_the_span(self, modules: list[Any]) -> None:
        """Whatever records is written against the API; only what keeps and sends spans knows the SDK."""
        recording = [
            one for one in modules if one.dotted == "orchestrace" or _part(one.dotted) not in MAY_IMPORT_THE_SDK
        ]

        assert [] == [
            f"{one.dotted}: {name}"
            for one in recording
            for name in imports(one.tree, one.package)
            if name.startswith("opentelemetry.sdk")
        ]

    def test_every_part_has_a_layer(self, modules: list[Any], level: dict[str, int]) -> None:
        """A new top-level module is given its place before it is merged."""
        parts = {_part(one.dotted) for one in modules if one.dotted != "orchestrace"}

        assert set() == parts - set(level) - {"__main__"}
