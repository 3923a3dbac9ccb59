"""Run a program with a witness in each of its Python processes."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrace.doctor import witness

__all__ = ["Seen", "run"]

_PATH: Final = "PYTHONPATH"
_LAST_SECONDS: Final = 10.0
_STDERR: Final = 2

_SITE: Final = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("orchestrace_witness", {file!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.begin({folder!r})
# What this file stands before may have one of its own.
sys.path[:] = [place for place in sys.path if place != {folder!r}]
del sys.modules["sitecustomize"]
try:
    import sitecustomize
except ModuleNotFoundError as error:
    if error.name != "sitecustomize":
        raise
    sys.modules["sitecustomize"] = module
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a program ended, and what the witness in each of its processes saw."""

    code: int
    reports: list[dict[str, Any]] = field(default_factory=list)


def run(command: Sequence[str], *, quiet: bool = False) -> Seen:
    """
    Run a program to its end, or until Ctrl+C; `quiet` sends what it prints to stderr.

    What the witnesses write has keys in it, if the program gives headers: it is in a folder of this user's alone, and
    is gone afterwards. Raises OSError if the program cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="orchestrace-doctor-") as folder:
        site = Path(folder, "sitecustomize.py")
        site.write_text(_SITE.format(file=str(witness.__file__), folder=folder), encoding="utf-8")
        paths = [folder, *filter(None, [os.environ.get(_PATH)])]
        process = subprocess.Popen(  # noqa: S603 - what the user asks for
            command, env={**os.environ, _PATH: os.pathsep.join(paths)}, stdout=_STDERR if quiet else None
        )
        code = _ended(process)
        return Seen(code, [json.loads(path.read_bytes()) for path in sorted(Path(folder).glob("*.json"))])


def _ended(process: subprocess.Popen[bytes]) -> int:
    with suppress(KeyboardInterrupt):
        return process.wait()
    # The terminal has told the program, too.
    try:
        return process.wait(_LAST_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        return process.wait()
