"""What is installed is tapped; and put back as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Final

from orchestrace import propagation
from orchestrace.concurrency import executor, pool, start
from orchestrace.declared import application
from orchestrace.declared.reading import Agents, Source, named
from orchestrace.recording.guard import report
from orchestrace.recording.switch import is_off
from orchestrace.taps import httpx, recipients, stainless
from orchestrace.taps.patch import Patches

__all__ = ["instrument", "is_instrumented", "tapped", "uninstrument"]

_TAPS: Final[dict[str, Callable[[ModuleType, Patches], None]]] = {
    **dict.fromkeys(httpx.LIBRARIES, httpx.install),
    **dict.fromkeys(stainless.MODULES, stainless.install),
}

_CARRIERS: Final[dict[str, Callable[[ModuleType, Patches], None]]] = {
    **dict.fromkeys(executor.MODULES, executor.install),
    **dict.fromkeys(start.MODULES, start.install),
    pool.MODULE: pool.install,
}
"""What takes work elsewhere, and loses the context on the way."""

_INSTALL: Final = _TAPS | _CARRIERS

_lock = threading.RLock()
_patches: Final = Patches()
_tapped: Final[dict[str, ModuleType]] = {}
_active = False
_hooked = False


def instrument(agents: Source | Agents | None = None) -> None:
    """
    Record the model calls of every known HTTP client and SDK, those imported later as well.

    What a run gives to threads, processes and pools becomes part of it. So does the whole process, if another started
    it with `environment()`. `agents` is an agents file, by its path or as a mapping of the same form: what it names is
    recorded as if it were decorated; default: the one that `ORCHESTRACE_AGENTS` names.

    Spans go to the provider of `configure()`, else to OpenTelemetry's global one. Doing it twice changes nothing. Does
    nothing where `ORCHESTRACE_DISABLED` or `OTEL_SDK_DISABLED` is true. Raises ConfigurationError for an agents file
    that is none.
    """
    global _active, _hooked  # noqa: PLW0603 - the process has one set of patches
    if is_off():
        return
    declared = named(agents)
    recipients.are_told()  # the variable is read, and an error in it told, once
    with _lock:
        _active = True
        propagation.adopt()
        first, _hooked = not _hooked, True
        _tapped.clear()  # those who are told may be others now; what is patched already stays so
        for name in list(_waiting):
            _tap(_waiting[name])
    if first:
        import wrapt  # noqa: PLC0415 - 33 ms, wanted here only

        for name in _INSTALL:
            wrapt.register_post_import_hook(_imported, name)
    if declared is not None:
        application.apply(declared)


def uninstrument() -> None:
    """Put back every method, and every function of an agents file, as it was before `instrument()`."""
    global _active  # noqa: PLW0603 - as above
    application.withdraw()
    with _lock:
        _active = False
        propagation.release()
        _tapped.clear()
        _patches.undo()


def is_instrumented() -> bool:
    """Tell whether `instrument()` is in force."""
    return _active


def tapped() -> list[str]:
    """Return the modules that are tapped now."""
    return sorted(_tapped.keys() & _TAPS.keys())


_waiting: Final[dict[str, ModuleType]] = {}
"""Modules that have been imported since the first `instrument()`."""


def _imported(module: ModuleType) -> None:
    _waiting[module.__name__] = module
    _tap(module)


def _tap(module: ModuleType) -> None:
    with _lock:
        if not _active or module.__name__ in _tapped:
            return
        try:
            _INSTALL[module.__name__](module, _patches)
            _tapped[module.__name__] = module
        except Exception as error:  # noqa: BLE001 - an SDK that has changed must not break its import
            report(f"tap {module.__name__}", error)
