from __future__ import annotations

import ast
import operator
import re
from pathlib import Path

import pytest

from orchestrace import conventions

KEY = operator.attrgetter("key")
REGISTRY = Path(__file__).with_name("genai-registry.txt")


@pytest.fixture(scope="module")
def registry() -> set[str]:
    """Return the attribute names of the GenAI conventions."""
    return {line for line in REGISTRY.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def literals(tree: ast.Module) -> list[str]:
    """Return every string that is written in a module."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


class TestNames:
    @pytest.mark.parametrize("name", [n for n in conventions.NAMES.values() if n.source == conventions.GENAI], ids=KEY)
    def test_registry_names_are_in_the_registry(self, name: conventions.Name, registry: set[str]) -> None:
        """A name that claims the GenAI registry as its source stands there."""
        assert name.key in registry

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
    def test_names_are_written_in_one_module(self, tree: ast.Module, dotted: str, modules: list[Path]) -> None:
        """No attribute name stands in the source outside of `conventions.py`."""
        if dotted == "orchestrace.conventions":
            pytest.skip("the one module that writes them")
        parts = {path.parent.name if path.stem == "__init__" else path.stem for path in modules}
        names = [text for text in literals(tree) if re.fullmatch(r"(gen_ai|orchestrace)(\.[a-z_]+)+\.?", text)]

        assert [] == [name for name in names if name.split(".")[1] not in parts or name in conventions.NAMES]
