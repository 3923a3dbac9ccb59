"""`orchestrace forward`: send what waits in a journal, as a process of its own."""

from __future__ import annotations

import logging
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from orchestrace.cli.opening import JournalOption
from orchestrace.exceptions import ConfigurationError
from orchestrace.export.receiver import Receiver, resolve
from orchestrace.forwarding import Errand
from orchestrace.journal.location import default_folder
from orchestrace.journal.unusable import unusable

__all__ = ["forward"]


def forward(
    journal: JournalOption = None,
    *,
    endpoint: Annotated[
        str | None, typer.Option(help="Where to send to; default: OTEL_EXPORTER_OTLP_ENDPOINT.", show_default=False)
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="http/protobuf or grpc; default: OTEL_EXPORTER_OTLP_PROTOCOL.", show_default=False),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Leave when nothing waits any more (cron).")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --once has for it.", min=0)] = 60.0,
) -> None:
    """
    Send what waits in the journal: of programs without an endpoint, and of programs that are gone.

    What a running program sends itself is left to it. It goes on until it is stopped, or with --once until nothing
    waits; then its exit code says whether everything was acknowledged.
    """
    receiver = resolve(endpoint=endpoint, protocol=protocol)
    if receiver is None:
        msg = "There is nowhere to send to: name a receiver with --endpoint, or set OTEL_EXPORTER_OTLP_ENDPOINT."
        raise ConfigurationError(msg)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    errand = _errand(_folder(journal), receiver)
    try:
        if once:
            waiting = errand.run(timeout)
            why = " `orchestrace doctor` says why." if waiting else ""
            typer.echo(f"orchestrace: {errand.delivered} spans delivered, {waiting} wait.{why}", err=True)
            raise typer.Exit(1 if waiting else 0)
        errand.run(None, until=_stopped())
    finally:
        errand.close()


def _errand(folder: Path, receiver: Receiver) -> Errand:
    try:
        return Errand(folder, receiver)
    except (sqlite3.Error, OSError) as error:
        raise unusable(folder, "written", error) from error


def _folder(journal: Path | None) -> Path:
    return (default_folder() if journal is None else journal).absolute()


def _stopped() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
