"""Folders and files for their owner alone, and for him indeed, whatever the umask leaves of that."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["make_folder", "open_file"]

_FOLDER: Final = 0o700
_FILE: Final = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder, and those around it that are missing; one that is there stays as it is. Raises OSError."""
    try:
        folder.mkdir(mode=_FOLDER)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folder(folder.parent)
        make_folder(folder)
        return
    except OSError:
        if not folder.is_dir():
            raise
        return
    folder.chmod(_FOLDER)  # a umask of 0777 would leave a folder that nobody can use, ours and the user's own


def open_file(path: Path, flags: int) -> int:
    """Open a file, which is made if `flags` say so; no child inherits it. Raises OSError."""
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _FILE)
    with suppress(AttributeError, OSError):  # Windows; a file that is another user's
        os.fchmod(descriptor, _FILE)
    return descriptor
