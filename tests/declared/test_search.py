from __future__ import annotations

import functools
import sys
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestrace.declared.search import can_be_followed, members, names_of, namespace_of, search, static
from orchestrace.declared.target import Target

MODULE = """
    from os.path import join
    from functools import partial

    def write(): ...
    def read(): ...
    bound = [].append
    class Crafter:
        def run(self): ...
        class Inner:
            def run(self): ...
    class Formal(Crafter):
        run_all = write
    number = 1
"""


def found(module: ModuleType, names: str) -> list[str]:
    """Return the names of what a target names in a module."""
    target = Target(module.__name__, tuple(names.split(".")))
    return [f"{getattr(one.owner, '__qualname__', '')}.{one.name}".lstrip(".") for one in search(module, target)]


class TestSearch:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            ("write", ["write"]),
            ("join", ["join"]),
            ("*", ["write", "read", "Crafter", "Formal"]),
            ("*e*", ["write", "read", "Crafter"]),
            ("Crafter.run", ["Crafter.run"]),
            ("Formal.run", ["Formal.run"]),
            ("*.run", ["Crafter.run", "Formal.run"]),
            ("Formal.r*", ["Formal.run_all"]),
            ("Crafter.Inner.run", ["Crafter.Inner.run"]),
            ("*.*.run", ["Crafter.Inner.run"]),
            ("number", ["number"]),
            ("number.run", []),
            ("missing", []),
        ],
    )
    def test_finds_what_is_named(self, module: ModuleType, names: str, expected: list[str]) -> None:
        """What is written out, wherever it comes from; with a wildcard, what is defined there."""
        assert expected == found(module, names)


class TestMembers:
    def test_runs_none_of_the_program(self) -> None:
        """Properties and `__getattr__` are not asked."""

        class Strange(type):
            def __getattribute__(cls, name: str) -> Any:
                if name in {"__dict__", "__mro__", "__module__"}:
                    return type.__getattribute__(cls, name)
                raise AssertionError(name)

        class Asked(metaclass=Strange):
            @property
            def run(self) -> int:
                raise AssertionError

        assert [property] == [type(one.value) for one in members(Asked, "run")]
        assert [] == list(members(Asked, "*"))


class TestCanBeFollowed:
    def test_functions_of_all_kinds(self) -> None:
        """Another function can stand for them unnoticed; for an object that happens to be callable it cannot."""

        class Callable:
            def __call__(self) -> int:
                return 1

        kinds = [found, "".join, len, functools.partial(found), functools.lru_cache(found), classmethod(found)]

        assert all(map(can_be_followed, kinds))
        assert not any(map(can_be_followed, [Callable(), Callable, property(), 1, None]))


class TestNamesOf:
    def test_a_module_that_runs_goes_by_its_own_name_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`python -m shop.app` is `shop.app`."""
        main = ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", main)
        main.__spec__ = ModuleSpec("shop.app", None)

        assert ["__main__", "shop.app"] == names_of(main)
        assert ["sys"] == names_of(sys)


class TestNamespaceOf:
    def test_a_lazy_module_stays_lazy(self, tmp_path: Path) -> None:
        """Looking at it does not load it."""
        file = tmp_path / "lazy.py"
        file.write_text("raise AssertionError", encoding="utf-8")
        spec = spec_from_file_location("lazy", file)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = LazyLoader(spec.loader)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)

        assert "lazy" == namespace_of(module)["__name__"]


class TestStatic:
    def test_what_a_class_inherits_but_from_object(self) -> None:
        """The nearest one; `object` has nothing that is meant."""

        class Mine(dict[str, int]):
            pass

        assert dict.__dict__["get"] is static(Mine, "get")
        assert static(Mine, "missing") is None
        assert static(type("Bare", (), {}), "__init__") is None
