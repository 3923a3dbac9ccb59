"""Where the journal is, unless somebody says otherwise."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["VARIABLE", "default_folder"]

VARIABLE: Final = "ORCHESTRACE_JOURNAL"


def default_folder() -> Path:
    """Return the folder that `ORCHESTRACE_JOURNAL` names, else `orchestrace` in the user's state directory."""
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return _state_directory() / "orchestrace"
    try:
        return Path(named).expanduser()
    except RuntimeError:  # "~nobody": a folder of that very name
        return Path(named)


def _state_directory() -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry in passwd
        return Path(tempfile.gettempdir()) / f"state-{os.getuid()}"  # of their own: the folder's name is no secret
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    stated = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The XDG specification: a path that is not absolute is invalid and to be ignored.
    return stated if stated.is_absolute() else home / ".local" / "state"
