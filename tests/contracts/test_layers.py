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
    def test_go_down_only(
        self, module: Path, tree: ast.Module, dotted: str, level: dict[str, int], strangers: set[tuple[str, str]]
    ) -> None:
        """A module imports from lower layers and from its own part; siblings that are kept apart stay apart."""
        if dotted == "orchestrace":
            pytest.skip("the package itself shows names of every layer; test_import_cost holds it light")
        here = _part(dotted)
        package = dotted if module.stem == "__init__" else dotted.rpartition(".")[0]
        parts = {_part(name) for name in imports(tree, package) if name.startswith("orchestrace.")} - {here}
        known = {part for part in parts if part in level}

        assert set() == {part for part in known if level[part] > level[here] or (here, part) in strangers}

    def test_sdk_stays_in_the_half_behind_the_span(self, tree: ast.Module, dotted: str) -> None:
        """Whatever records is written against the API; only what keeps and sends spans knows the SDK."""
        package = dotted.rpartition(".")[0] or dotted
        sdk = {name for name in imports(tree, package) if name.startswith("opentelemetry.sdk")}

        assert not sdk or _part(dotted) in MAY_IMPORT_THE_SDK

    def test_every_part_has_a_layer(self, modules: list[Path], level: dict[str, int]) -> None:
        """A new top-level module is given its place before it is merged."""
        parts = {path.parts[path.parts.index("orchestrace", path.parts.index("src")) + 1] for path in modules}

        assert set() == {part.removesuffix(".py") for part in parts} - set(level) - {"__init__", "__main__"}
