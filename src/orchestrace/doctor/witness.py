"""
Look on inside of a program that `orchestrace doctor -- …` runs, and write down what happens when.

It is loaded from its file, before the program, into whatever Python that has: so it imports next to nothing, least of
all the package, and waits until the program itself imports what is to be watched.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

__all__ = ["begin"]

_TOLD_ABOUT: Final = ("endpoint", "protocol", "headers", "journal", "service_name", "agents")
"""Arguments of `configure()` without which the program's receiver, journal and agents file cannot be tried."""
_PATH: Final = "PYTHONPATH"
_MARK: Final = "_orchestrace_looked_at"
_MOST: Final = 20

_folder = Path()
_inside_configure = 0
_report: Final[dict[str, Any]] = {
    "executable": sys.executable,
    "version": sys.version.split()[0],
    "prefix": sys.prefix,
    "imported": False,
    "events": [],
    "decorated": 0,
    "calls": 0,
    "missed": [],
    "agents": [],
}


def begin(folder: str) -> None:
    """Watch this process, and write what is seen into a file of `folder`, now and whenever there is more."""
    global _folder  # noqa: PLW0603 - a process has one witness
    _folder = Path(folder)
    sys.meta_path.insert(0, _Finder())
    os.execv = _coming_first(os.execv)
    atexit.register(_end)
    _write()


def _coming_first(execute: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """Stand before whoever else starts a program with something of theirs in it: opentelemetry-instrument does."""

    @wraps(execute)
    def watched(*args: Any) -> NoReturn:  # noqa: ANN401 - the function's own
        paths = [path for path in os.environ.get(_PATH, "").split(os.pathsep) if path != str(_folder)]
        os.environ[_PATH] = os.pathsep.join([str(_folder), *paths])
        execute(*args)

    return watched


def _write() -> None:
    # Each process its own: a forked child has seen what its parent saw until then.
    part = _folder / f"{os.getpid()}.part"
    try:
        part.write_text(json.dumps(_report), encoding="utf-8")
        part.replace(part.with_suffix(".json"))
    except OSError:
        pass  # nobody waits for it any more


def _end() -> None:
    declared: Any = sys.modules.get("orchestrace.declared.application")
    try:
        _report["agents"] = [] if declared is None else declared.sightings()
    except Exception as error:  # noqa: BLE001 - the program comes first
        _happened("fault", error=f"agents file: {type(error).__name__}: {error}")
    _write()


def _happened(what: str, **more: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    if len(_report["events"]) < _MOST:
        _report["events"].append({"what": what, **more})
    _write()


class _Finder(MetaPathFinder):
    """Have a module that is to be watched changed right after it was executed."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ANN401
        watch = _WATCHED.get(name)
        if watch is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, watch)
                return spec
        return None


class _Loader(Loader):
    def __init__(self, inner: Any, watch: Callable[[ModuleType], None]) -> None:  # noqa: ANN401 - any loader
        self._inner = inner
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a loader can do
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._inner.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        try:
            self._watch(module)
        except Exception as error:  # noqa: BLE001 - the program comes first
            _happened("fault", error=f"{module.__name__}: {type(error).__name__}: {error}")


def _watch_package(_: ModuleType) -> None:
    _report["imported"] = True
    _write()


def _watch_configuration(module: ModuleType) -> None:
    for name in ("configure", "preconfigure"):
        setattr(module, name, _around_configure(getattr(module, name)))


def _around_configure(configure: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(configure)
    def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own
        global _inside_configure  # noqa: PLW0603 - as above
        before = _provider()
        _inside_configure += 1
        try:
            given = configure(*args, **kwargs)
        except Exception as error:
            _happened("configure failed", error=f"{type(error).__name__}: {error}")
            raise
        finally:
            _inside_configure -= 1
        _happened("configure", provider=before, settings=_settings(args, kwargs))
        return given

    return watched


def _settings(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    given = {**({"service_name": args[0]} if args else {}), **kwargs}
    said = {name: given[name] for name in _TOLD_ABOUT if given.get(name) is not None}
    return {name: dict(value) if isinstance(value, Mapping) else str(value) for name, value in said.items()}


def _watch_instrumentation(module: ModuleType) -> None:
    instrument = module.instrument

    @wraps(instrument)
    def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own
        before = [name for name in _SDKS if name in sys.modules]
        given = instrument(*args, **kwargs)
        if not any(event["what"] == "instrument" for event in _report["events"]):
            _happened("instrument", imported=before)
        return given

    module.instrument = watched  # type: ignore[attr-defined] # a module's


def _watch_decorators(module: ModuleType) -> None:
    decorate = module._decorate  # noqa: SLF001 - our own

    @wraps(decorate)
    def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own
        _report["decorated"] += 1
        return decorate(*args, **kwargs)

    module._decorate = watched  # type: ignore[attr-defined] # noqa: SLF001 - as above


def _watch_opentelemetry(module: ModuleType) -> None:
    # The one inside serves names imported before as well.
    name = "_set_tracer_provider" if hasattr(module, "_set_tracer_provider") else "set_tracer_provider"
    set_provider = getattr(module, name)

    @wraps(set_provider)
    def watched(tracer_provider: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - anybody's provider
        if not _inside_configure:
            _happened("provider", provider=type(tracer_provider).__name__)
        return set_provider(tracer_provider, *args, **kwargs)

    setattr(module, name, watched)


def _provider() -> str | None:
    trace: Any = sys.modules.get("opentelemetry.trace")
    found = getattr(trace, "_TRACER_PROVIDER", None)
    return None if found is None else type(found).__name__


def _watch_tap(module: ModuleType) -> None:
    look = module._sent  # noqa: SLF001 - our own

    @wraps(look)
    def watched(request: Any, *args: Any) -> Any:  # noqa: ANN401 - a request of the library
        setattr(request, _MARK, True)
        return look(request, *args)

    module._sent = watched  # type: ignore[attr-defined] # noqa: SLF001 - as above


def _watch_client(library: ModuleType) -> None:
    send, send_async = library.Client.send, library.AsyncClient.send

    @wraps(send)
    def watched(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the method's own
        _sent(request)
        return send(self, request, *args, **kwargs)

    @wraps(send_async)
    async def watched_async(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - likewise
        _sent(request)
        return await send_async(self, request, *args, **kwargs)

    library.Client.send, library.AsyncClient.send = watched, watched_async


def _sent(request: Any) -> None:  # noqa: ANN401 - a request of the library
    """Take note of a request: the tap stands around this, and has looked at it before, unless it was evaded."""
    try:
        from orchestrace.wires.table import recognise  # noqa: PLC0415 - of the program's own package, when needed

        if recognise(request.method, request.url.host, request.url.path) is None:
            return
    except ImportError:
        return
    _report["calls"] += 1
    if not getattr(request, _MARK, False) and len(_report["missed"]) < _MOST:
        known: Any = sys.modules.get("orchestrace.instrumentation")
        tapped = known is not None and known.is_instrumented()
        where = {"host": request.url.host, "path": request.url.path, "caller": _caller()}
        _report["missed"].append({**where, "tapped": tapped})
    _write()


def _caller() -> str:
    """Return where in the program itself the request comes from, as far as that can be told."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - as in the frames
    frame: Any = sys._getframe(1)  # noqa: SLF001 - there is no other way
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((library, "<")) and "site-packages" not in file and file != __file__:
            return f"{os.path.basename(file)}:{frame.f_lineno}"  # noqa: PTH119 - as above
        frame = frame.f_back
    return "?"


_SDKS: Final = ("anthropic", "cerebras.cloud.sdk", "groq", "openai", "together", "writerai", "httpx", "httpx2")

_WATCHED: Final[dict[str, Callable[[ModuleType], None]]] = {
    "httpx": _watch_client,
    "httpx2": _watch_client,
    "opentelemetry.trace": _watch_opentelemetry,
    "orchestrace": _watch_package,
    "orchestrace.configuration": _watch_configuration,
    "orchestrace.decorators": _watch_decorators,
    "orchestrace.instrumentation": _watch_instrumentation,
    "orchestrace.taps.httpx": _watch_tap,
}
