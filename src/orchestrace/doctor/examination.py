"""All checks, side by side, in bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from opentelemetry.instrumentation.utils import suppress_instrumentation

from orchestrace.doctor import agents_file, installed, journal_folder, setting, variable
from orchestrace.doctor.finding import PROBLEM, WARNING, Finding
from orchestrace.doctor.receiver import check as check_receiver
from orchestrace.settings import Settings

__all__ = ["examine"]

_SECONDS: Final = 14.0

Check: TypeAlias = Callable[[Settings], Iterable[Finding]]

_CHECKS: Final[dict[str, Check]] = {
    "installed": installed.check,
    "settings": setting.check,
    "variables": variable.check,
    "agents": agents_file.check,
    "journal": journal_folder.check,
    "receiver": check_receiver,
}


def examine(settings: Settings | None = None, *, seconds: float = _SECONDS) -> list[Finding]:
    """
    Examine this machine and process as `configure()` with these settings would find them; it takes some `seconds`.

    It connects to the receiver, and writes nothing. A check that fails, or does not come back, is a finding, too.
    """
    said = settings or Settings()
    deadline = time.monotonic() + seconds
    found: dict[str, list[Finding]] = {name: [] for name in _CHECKS}
    # Each in a thread of its own: a network's file system or a name server may never answer.
    threads = {
        name: threading.Thread(target=_run, args=(name, check, said, found[name]), daemon=True)
        for name, check in _CHECKS.items()
    }
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(max(deadline - time.monotonic(), 0.0))
        if thread.is_alive():
            found[name] = [*found[name], _unanswered(name, seconds)]
    return [finding for findings in found.values() for finding in findings]


def _run(name: str, check: Check, settings: Settings, found: list[Finding]) -> None:
    try:
        with suppress_instrumentation():
            found.extend(check(settings))
    except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
        found.append(Finding(name, WARNING, "could not be examined", f"{type(error).__name__}: {error}"))


def _unanswered(name: str, seconds: float) -> Finding:
    return Finding(
        name,
        PROBLEM,
        f"gave no answer within {seconds:g} s",
        "A disk, a network's file system or a name server does not respond.",
        "Try again; look at what it depends on.",
    )
