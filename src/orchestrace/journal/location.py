"""Where the journal is, unless somebody says otherwise."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["VARIABLE", "default_folder", "folder_named"]

VARIABLE: Final = "ORCHESTRACE_JOURNAL"


def default_folder() -> Path:
    """Return the folder that `ORCHESTRACE_JOURNAL` names, else `orchestrace` in the user's state directory."""
    named = os.environ.get(VARIABLE, "").strip()
    return folder_named(named) if named else _state_directory() / "orchestrace"


def folder_named(name: str | Path) -> Path:
    """Return the folder that somebody names, with their home for a tilde. Never raises."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # "~nobody": a folder of that very name
        return Path(name)


def _state_directory() -> Path:
    stated = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The XDG specification: a path that is not absolute is invalid and to be ignored.
    if sys.platform not in {"win32", "darwin"} and stated.is_absolute():
        return stated
    home = folder_named("~")
    if not home.is_absolute():  # a container's user without an entry in passwd
        return _temporary_directory() / f"state-{os.getuid()}"  # of their own: the folder's name is no secret
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".local" / "state"


def _temporary_directory() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # a container that may write nowhere: whoever tries finds out
        return Path("/tmp")  # noqa: S108 - nothing can be made there
