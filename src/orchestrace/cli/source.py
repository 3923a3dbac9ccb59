"""Where a command reads from: a journal, files, or a Jaeger."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from orchestrace.cli.opening import open_journal
from orchestrace.exceptions import SourceError
from orchestrace.journal.catalogue import Catalogue
from orchestrace.sources.document import spans_in
from orchestrace.sources.inquiry import TIMEOUT, Inquiry
from orchestrace.sources.jaeger import Jaeger, address_of
from orchestrace.sources.loaded import Loaded

__all__ = ["Asking", "FromOption", "HeaderOption", "ServiceOption", "Source", "TimeoutOption", "open_source"]

FromOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="URL|FILE",
        help="Read from a Jaeger (any address of its page), from files of JSON (OTLP, or saved from Jaeger), "
        "or from stdin (-), not from the journal.",
        show_default=False,
    ),
]
HeaderOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="'NAME: VALUE'", help="Send this header to Jaeger; may be repeated.", show_default=False
    ),
]
TimeoutOption: TypeAlias = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds that Jaeger may be silent.", metavar="SECONDS")
]
ServiceOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="Search in this service of Jaeger only.", show_default=False),
]

_STDIN: Final = "-"
_SCHEMES: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask a Jaeger, as it was typed."""

    headers: list[str] | None = None
    timeout: float = TIMEOUT
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What can be read, and the trace that its address was about, if it was about one."""

    catalogue: Catalogue | Jaeger
    trace: str | None = None


def open_source(journal: Path | None, given: list[str] | None, asking: Asking) -> Source:
    """
    Return what is to be read: the journal in a folder, or what stands at `given` addresses and files.

    Raises SourceError for what contradicts itself, or is not there, and JournalError if there is no journal.
    """
    if not given:
        return Source(open_journal(journal))
    if journal is not None:
        msg = "--from and --journal name two places: leave one of them out."
        raise SourceError(msg)
    if not any(one.lower().startswith(_SCHEMES) for one in given):
        return Source(_files(given))
    if len(given) > 1:
        msg = "--from takes one address, or any number of files."
        raise SourceError(msg)
    address = address_of(given[0])
    inquiry = Inquiry(dict(map(_header, asking.headers or ())), asking.timeout)
    return Source(Jaeger(address.base, inquiry, asking.service), address.trace)


def _header(typed: str) -> tuple[str, str]:
    name, colon, value = typed.partition(":")
    if not colon or not name.strip() or not typed.isprintable():
        # Not what was typed: it may be a key.
        msg = "--header is to be 'NAME: VALUE', for example 'Authorization: Bearer …'."
        raise SourceError(msg)
    return name.strip(), value.strip()


def _files(given: list[str]) -> Loaded:
    spans = [span for one in given for span in spans_in(_bytes(one), _place(one))]
    return Loaded(spans, " and ".join(map(_place, given)))


def _place(given: str) -> str:
    return "stdin" if given == _STDIN else given


def _bytes(given: str) -> bytes:
    if given == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(given).read_bytes()
    except OSError as error:
        hint = " An address begins with http:// or https://." if "/" not in given and ":" in given else ""
        msg = f"{given} cannot be read: {error.strerror or error}.{hint}"
        raise SourceError(msg) from error
