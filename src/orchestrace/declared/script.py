"""
Hear of what is defined in the program itself, `__main__`, while it runs.

No import of it ends before it has done its work: so its code is compiled with a call of ours after each function and
class of its top level. That is possible before it begins, as under `opentelemetry-instrument`. What Python runs is then
found as the modules of a zip file or of `-m` are, by finders of ours, each of which is used once.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_loader
from types import CodeType, ModuleType
from typing import Any, Final

from orchestrace.declared.program import MAIN, module_that_runs
from orchestrace.declared.search import namespace_of
from orchestrace.recording.guard import guarded, report

__all__ = ["appeared", "begin", "watch"]

_HERE: Final = __name__
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_looks: Callable[[ModuleType], None] | None = None


@guarded("agents file", None)
def watch(look: Callable[[ModuleType], None]) -> None:
    """Have `look` called with the program itself after each definition in it, if it has not begun. Never raises."""
    global _looks  # noqa: PLW0603 - a process has one program
    first, begun = _looks is None, _has_begun()
    _looks = look
    if not first or begun:
        return
    if (name := module_that_runs()) is not None:
        sys.meta_path.insert(0, _ModuleFinder(name))
    elif sys.argv and os.path.isfile(sys.argv[0]):  # noqa: PTH113 - as above
        sys.path_hooks.append(_script_hook)


def appeared() -> None:
    """Look at the program: something was defined in it. Never raises."""
    if _looks is not None:
        _tell(_looks)


def begin(namespace: dict[str, Any]) -> None:
    """Let a script find itself as Python would have run it."""
    namespace.update(__spec__=None, __package__=None, __cached__=None)
    namespace["__loader__"] = SourceFileLoader(MAIN, namespace["__file__"])


@guarded("agents file", None)
def _tell(look: Callable[[ModuleType], None]) -> None:
    look(sys.modules[MAIN])


def _has_begun() -> bool:
    main = namespace_of(sys.modules[MAIN]) if MAIN in sys.modules else {}
    return "__file__" in main or main.get("__spec__") is not None


def _script_hook(path: str) -> _ScriptFinder:
    """Be what Python asks, before it runs a file, whether it is a folder or an archive with a program in it."""
    if os.path.abspath(path) != os.path.abspath(sys.argv[0]):  # noqa: PTH100 - a text, and no file system
        raise ImportError
    sys.path_hooks.remove(_script_hook)
    return _ScriptFinder(path)


class _ScriptFinder:
    """Finds a script in the place of an archive."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find_spec(self, name: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find the script, once."""
        del target
        if name != MAIN or self._path not in sys.path:
            return None
        place = sys.path.index(self._path)
        folder = os.path.dirname(os.path.realpath(self._path))  # noqa: PTH120 - as Python itself does
        sys.path[place : place + 1] = [] if getattr(sys.flags, "safe_path", False) else [folder]
        loader = _Loader(SourceFileLoader(MAIN, self._path))
        return spec_from_loader(name, loader, origin=self._path)


class _ModuleFinder:
    """Finds the module that is run by `-m`."""

    def __init__(self, name: str) -> None:
        self._names = (name, f"{name}.{MAIN}")

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ANN401
        """Find the module as ever, with a loader that compiles it in our way for whoever runs it."""
        if name not in self._names or _has_begun():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None and not spec.submodule_search_locations:
            sys.meta_path.remove(self)
            spec.loader = _Loader(spec.loader, spec)
        return spec


class _Loader(Loader):
    """Loads as another loader does, but compiles with our calls what is to be run as a program."""

    def __init__(self, inner: Any, spec: ModuleSpec | None = None) -> None:  # noqa: ANN401 - any loader
        self._inner = inner
        self._spec = spec

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a loader can do
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the other one."""
        module: ModuleType | None = self._inner.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it to the other one."""
        self._inner.exec_module(module)

    def get_code(self, name: str) -> CodeType | None:
        """Compile the program, and leave the rest to the other one: by now only its code is wanted."""
        if self._spec is not None:
            self._spec.loader = self._inner
        try:
            source = self._inner.get_source(name)
            tree = None if source is None else ast.parse(source)
            if tree is not None:
                _insert(tree, is_script=self._spec is None)
                code: CodeType = compile(tree, self._inner.get_filename(name), "exec", dont_inherit=True)
                return code
        except SyntaxError:
            pass  # which Python itself says better
        except Exception as error:  # noqa: BLE001 - then it runs as it is
            report("agents file", error)
        plain: CodeType | None = self._inner.get_code(name)
        return plain


def _insert(tree: ast.Module, *, is_script: bool) -> None:
    _after_definitions(tree.body)
    if is_script:
        first = next((index for index, one in enumerate(tree.body) if not _has_to_be_first(one, index)), len(tree.body))
        tree.body.insert(first, _call("begin(globals())", line=1))
    ast.fix_missing_locations(tree)


def _after_definitions(body: list[ast.stmt]) -> None:
    for index in range(len(body) - 1, -1, -1):
        statement = body[index]
        if isinstance(statement, _DEFINITIONS):
            body.insert(index + 1, _call("appeared()", line=statement.lineno))
            continue
        parts = [statement, *getattr(statement, "handlers", ())]
        for inner in [getattr(part, name, None) for part in parts for name in ("body", "orelse", "finalbody")]:
            if isinstance(inner, list):
                _after_definitions(inner)


def _has_to_be_first(statement: ast.stmt, index: int) -> bool:
    is_docstring = index == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_docstring or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


def _call(what: str, *, line: int) -> ast.stmt:
    [statement] = ast.parse(f"__import__({_HERE!r}, fromlist=['_']).{what}").body
    for node in ast.walk(statement):
        if "lineno" in getattr(node, "_attributes", ()):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined] # such a node has one
            node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined] # as above
    return statement
