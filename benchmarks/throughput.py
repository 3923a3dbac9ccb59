"""
How fast what waits in a journal goes to a receiver on this machine.

    python benchmarks/throughput.py [spans]

A journal with spans of 2 KB, as a program without a receiver leaves it, is sent by a process of its own, as
`orchestrace forward --once` does, to a receiver that reads every byte and understands none. Bytes are those of the
requests' bodies, which are not compressed.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from interpreters import compiling
from process import other_end, taken
from recovery import leave, recovered
from tables import machine, table

from orchestrace.export.receiver import resolve
from orchestrace.export.signal import SIGNALS
from orchestrace.forwarding import Errand

__all__ = ["main"]

_WAYS = {"OTLP/HTTP": "http/protobuf", "OTLP/gRPC": "grpc"}
_SECONDS = 240.0


def send(folder: str, endpoint: str, protocol: str) -> None:
    """Send all that waits; print how many spans that were, and the seconds and CPU seconds that it took."""
    receiver = resolve(endpoint=endpoint, protocol=protocol, signals=[one for one in SIGNALS if one.name == "traces"])
    assert receiver is not None  # noqa: S101 - it has an endpoint
    errand = Errand(Path(folder), receiver)
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    waiting = errand.run(_SECONDS)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps([errand.delivered, waiting, took, cpu]))
    errand.close()


def row(full: Path, name: str, endpoint: str, sink: str) -> list[object]:
    """Send a copy of a journal one way; return a line of the table."""
    folder = full.with_name(name.replace("/", " "))
    shutil.copytree(full, folder)
    taken(sink)
    command = [sys.executable, __file__, "--send", str(folder), endpoint, _WAYS[name]]
    done = subprocess.run(command, env=compiling(), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - this file
    delivered, waiting, took, cpu = json.loads(done.stdout)
    sent = taken(sink)
    speed = [f"{delivered / took:,.0f}", f"{sent / took / 1e6:.1f}"]
    shutil.rmtree(folder)
    return [name, delivered, waiting, f"{took:.1f}", *speed, f"{cpu / max(delivered, 1) * 1e6:.0f}"]


def main(count: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-") as place, other_end("--grpc") as ends:
        full = Path(place) / "full"
        subprocess.run([sys.executable, __file__, "--leave", str(full), str(count)], check=False)  # noqa: S603 - this file
        recovered(full)  # into the database
        sink, over_grpc = ends.split()
        rows = [row(full, name, endpoint, sink) for name, endpoint in zip(_WAYS, (sink, over_grpc), strict=True)]
    print(f"{machine()}.\n")
    print(table(["", "spans delivered", "wait", "seconds", "spans/s", "MB/s", "CPU µs a span"], rows))


if __name__ == "__main__":
    os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)
    if sys.argv[1:2] == ["--leave"]:
        leave(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["--send"]:
        send(*sys.argv[2:5])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
