from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from orchestrace.declared.program import MAIN, module_that_runs, name_of_program


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a program that has not begun."""
    module = ModuleType(MAIN)
    monkeypatch.setitem(sys.modules, MAIN, module)
    return module


class TestNameOfProgram:
    @pytest.mark.parametrize(
        ("argv", "expected"),
        [
            (["/srv/app.py", "x"], "app"),
            (["app"], None),
            (["my-app.py"], None),
            (["-c"], None),
            ([""], None),
            ([], None),
        ],
    )
    @pytest.mark.usefixtures("main")
    def test_of_a_file(self, argv: list[str], expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """If it can be imported by it."""
        monkeypatch.setattr(sys, "argv", argv)

        assert expected == name_of_program()

    @pytest.mark.parametrize(("name", "expected"), [("shop.app", "shop.app"), ("shop.__main__", "shop"), (MAIN, None)])
    def test_of_a_module(self, main: ModuleType, name: str, expected: str | None) -> None:
        """Of a package it is the package's; an archive has none."""
        main.__spec__ = ModuleSpec(name, None)

        assert expected == name_of_program()


class TestModuleThatRuns:
    @pytest.mark.parametrize(
        ("argv", "given", "expected"),
        [
            (["-m"], ["python", "-X", "dev", "-m", "shop.app", "-m", "x"], "shop.app"),
            (["app.py"], ["python", "app.py", "-m", "x"], None),
            (["-m"], ["python", "-mshop"], None),
        ],
    )
    def test_is_what_python_was_told(
        self, argv: list[str], given: list[str], expected: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before it begins; afterwards its path stands there."""
        monkeypatch.setattr(sys, "argv", argv)
        monkeypatch.setattr(sys, "orig_argv", given)

        assert expected == module_that_runs()
