"""Open the journal that a command is to read, or to change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from orchestrace.exceptions import JournalError
from orchestrace.journal.database import connect
from orchestrace.journal.location import VARIABLE, default_folder
from orchestrace.journal.reader import Reader
from orchestrace.journal.unusable import unusable

__all__ = ["JSONOption", "JournalOption", "open_database", "open_journal"]

JournalOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="DIR",
        help=f"The journal's folder; default: {VARIABLE}, else `orchestrace` in your state directory.",
        show_default=False,
    ),
]
"""Where to read; every command has it."""

JSONOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]
"""Print for programs; every command has it."""


_OTHERS: Final = 10.0
"""Seconds to wait for others who write."""


def open_journal(folder: Path | None) -> Reader:
    """Return the reader of the journal in `folder`, or of the default one. Raises JournalError if there is none."""
    place = default_folder() if folder is None else folder
    if not _is_folder(place):
        msg = (
            f"There is no journal in {place} yet: call orchestrace.configure() in the program that is to be recorded, "
            f"or name another folder with --journal or {VARIABLE}."
        )
        raise JournalError(msg)
    return Reader(place)


def _is_folder(place: Path) -> bool:
    try:
        if place.exists() and not place.is_dir():
            msg = f"{place} is a file, and a journal is a folder: name another with --journal or {VARIABLE}."
            raise JournalError(msg)
        return place.is_dir()
    except OSError as error:
        raise unusable(place, "read", error) from error


@contextmanager
def open_database(folder: Path | None) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """
    Give the database of a journal for writing, and the journal's folder.

    Raises JournalError if there is none, or if it cannot be written.
    """
    place = open_journal(folder).folder
    try:
        with closing(connect(place, timeout=_OTHERS)) as database:
            yield database, place
    except (sqlite3.Error, OSError) as error:
        raise unusable(place, "written", error) from error
