"""Hear of modules when they have been imported, by names that may have wildcards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

from orchestrace.declared.program import MAIN
from orchestrace.declared.search import names_of
from orchestrace.recording.guard import guarded

__all__ = ["Watch"]

_awaited: Final[set[str]] = set()
"""Modules whose end of import will be told: a hook cannot be taken back."""


class Watch(MetaPathFinder):
    """
    Has `imported` called with every module that `wants` says yes to, those that are there already included.

    It finds nothing itself: where an import begins, it sees to it that its end will be told.
    """

    def __init__(
        self, wants: Callable[[str], bool], imported: Callable[[ModuleType], None], begun: Callable[[], None]
    ) -> None:
        self._wants = wants
        self._imported = imported
        self._begun = begun

    def begin(self, names: Iterable[str]) -> None:
        """Begin; `names` are those that are known. Not to be called with a lock that `imported` takes."""
        _watches.append(self)
        _await(__name__)  # has the finder of those hooks installed, which has to come second
        sys.meta_path.insert(0, self)
        for name in names:
            if name not in sys.modules:
                _await(name)
        for name, module in sys.modules.copy().items():  # in one step: others import meanwhile
            if isinstance(module, ModuleType) and (name == MAIN or self._may_want(name)):
                self.tell(module)

    def end(self) -> None:
        """Hear of nothing any more."""
        if self in _watches:
            _watches.remove(self)
            sys.meta_path[:] = [one for one in sys.meta_path if one is not self]

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find nothing."""
        del path, target
        self._begins(name)
        return None

    @guarded("import hook", None)
    def _begins(self, name: str) -> None:
        if self._wants(name):
            _await(name)
        self._begun()

    @guarded("import hook", default=False)
    def _may_want(self, name: str) -> bool:
        return self._wants(name)

    @guarded("agents file", None)
    def tell(self, module: ModuleType) -> None:
        """Hear of one module."""
        if any(map(self._wants, names_of(module))):
            self._imported(module)


_watches: Final[list[Watch]] = []


def _await(name: str) -> None:
    if name in _awaited:
        return
    import wrapt  # noqa: PLC0415 - 33 ms, wanted where there is an agents file

    _awaited.add(name)
    wrapt.register_post_import_hook(_tell, name)


def _tell(module: ModuleType) -> None:
    _awaited.discard(names_of(module)[0])
    for watch in [*_watches]:  # one may end meanwhile
        watch.tell(module)
