from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions

NAME = re.compile(r"(gen_ai|orchestrace)(\.[a-z_]+)+\.?")
REGISTRY = Path(__file__).with_name("genai-registry.txt")


@pytest.fixture(scope="module")
def registry() -> set[str]:
    """Return the attribute names of the GenAI conventions."""
    return {line for line in REGISTRY.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def literals(tree: ast.Module) -> list[str]:
    """Return every string that is written in a module."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


class TestNames:
    def test_registry_names_are_in_the_registry(self, registry: set[str]) -> None:
        """A name that claims the GenAI registry as its source stands there."""
        claimed = {name.key for name in conventions.NAMES.values() if name.source == conventions.GENAI}

        assert set() == claimed - registry

    def test_gen_ai_names_are_not_ours_to_invent(self, registry: set[str]) -> None:
        """A `gen_ai.` name that the registry lacks says which other document it comes from."""
        unknown = [name for name in conventions.NAMES.values() if name.key.startswith("gen_ai.")]

        assert [] == [
            n.key for n in unknown if n.key not in registry and n.source in {conventions.GENAI, conventions.OURS}
        ]

    def test_own_names_have_our_prefix(self) -> None:
        """What we define ourselves lives under `orchestrace.`."""
        ours = [name.key for name in conventions.NAMES.values() if name.source == conventions.OURS]

        assert [] == [key for key in ours if not key.startswith("orchestrace.")]

    def test_content_is_flagged(self) -> None:
        """Whatever holds words of people or models is content, so that switching content off finds it."""
        words = re.compile(
            r"(messages|instructions|\.value|arguments|result|documents|query\.text|explanation|message)$"
        )
        measured = {"gen_ai.evaluation.score.value"}
        keys = [name.key for name in conventions.NAMES.values() if not name.content]

        assert [] == [key for key in keys if words.search(key) and key not in measured]


class TestSource:
    def test_names_are_written_in_one_module(self, modules: list[Any]) -> None:
        """No attribute name stands in the source outside of `conventions.py`."""
        parts = {one.dotted.rpartition(".")[2] for one in modules}
        others = [one for one in modules if one.dotted != "orchestrace.conventions"]
        names = [(one.dotted, text) for one in others for text in literals(one.tree) if NAME.fullmatch(text)]

        assert [] == [
            (module, name) for module, name in names if name.split(".")[1] not in parts or name in conventions.NAMES
        ]
