from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from orchestrace.declared.importing import Watch
from orchestrace.recording.guard import faults


class Seen:
    """Takes note of the modules that it hears of."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.begun = 0

    def imported(self, module: ModuleType) -> None:
        """Hear of a module."""
        self.names.append(module.__name__)

    def begins(self) -> None:
        """Hear of an import that begins."""
        self.begun += 1


@pytest.fixture
def seen() -> Seen:
    """Return who hears of modules."""
    return Seen()


@pytest.fixture
def watch(package: str, seen: Seen) -> Iterator[Watch]:
    """Return a watch over the modules of the package."""
    watch = Watch(lambda name: name.startswith(f"{package}."), seen.imported, seen.begins)
    yield watch
    watch.end()


class TestWatch:
    def test_hears_of_modules_before_and_after(
        self, package: str, write: Any, load: Any, watch: Watch, seen: Seen
    ) -> None:
        """Each once, and by names that nobody knew."""
        for name in ("a", "b", "c"):
            write(name, "")
        load("a")
        watch.begin([f"{package}.a", f"{package}.b"])
        for name in ("a", "b", "c", "c"):
            load(name)

        assert [f"{package}.{name}" for name in "abc"] == seen.names
        assert seen.begun > 1

    def test_hears_of_a_module_each_time(self, package: str, write: Any, load: Any, watch: Watch, seen: Seen) -> None:
        """One that was forgotten is imported anew."""
        write("a", "")
        watch.begin([])
        for _ in range(2):
            load("a")
            del sys.modules[f"{package}.a"]

        assert 2 * [f"{package}.a"] == seen.names

    def test_hears_nothing_after_its_end(self, write: Any, load: Any, watch: Watch, seen: Seen, package: str) -> None:
        """And the path of finders is what it was."""
        write("a", "")
        before = [*sys.meta_path]
        watch.begin([f"{package}.a"])
        watch.end()
        watch.end()
        load("a")

        assert [] == seen.names
        assert watch not in sys.meta_path
        assert set(before) <= set(sys.meta_path)

    def test_modules_are_found_as_before(self, write: Any, load: Any, watch: Watch) -> None:
        """Their loader is their own, and what is not there is not there."""
        write("a", "")
        watch.begin([])
        module = load("a")

        assert "SourceFileLoader" == type(module.__spec__.loader).__name__ == type(module.__loader__).__name__
        assert module is importlib.reload(module)
        with pytest.raises(ModuleNotFoundError):
            load("missing")

    def test_a_fault_of_ours_breaks_no_import(self, package: str, write: Any, load: Any) -> None:
        """It is counted."""

        def fail(*_: Any) -> Any:
            raise ZeroDivisionError

        write("a", "x = 1")
        watch = Watch(fail, fail, fail)
        before = faults().get("import hook", 0)
        watch.begin([])
        try:
            assert 1 == load("a").x
        finally:
            watch.end()

        assert before < faults()["import hook"]
