"""Contenders as processes, each in an environment of its own, and the process at their other end."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contenders import Contender
from interpreters import compiling
from work import CHUNKS

__all__ = ["Process", "other_end", "taken"]

_HERE = Path(__file__).parent
_UNIT = {"stream": CHUNKS}


class Process:
    """One contender at work."""

    def __init__(self, contender: Contender, python: str, sink: str) -> None:
        self.contender = contender
        self.costs: dict[tuple[str, str], list[float]] = {}
        """CPU microseconds of one unit, by transport and kind of work, in every round."""
        self.sent: dict[str, int] = {}
        """Bytes sent for one piece of work, by its kind."""
        self.paced = 0.0
        """CPU seconds of a call of which a few are made in a second."""
        self.idle = 0.0
        """CPU seconds of a second without work."""
        self.peak = 0
        """Bytes of memory."""
        self._folder = tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-")
        self._errors = Path(self._folder.name, "stderr").open("w+", encoding="utf-8")  # noqa: SIM115 - as long as it works
        self._process = subprocess.Popen(  # noqa: S603 - ours
            [python, str(_HERE / "worker.py"), contender.name, sink],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**compiling(), "TMPDIR": self._folder.name},
        )
        said = self._said()
        self.versions = {"openai": said["openai"], contender.package: said["version"]}

    def ask(self, *task: object) -> float:
        """Have it do something; return the number that it answers."""
        self.tell(*task)
        return self.answer()

    def tell(self, *task: object) -> None:
        """Have it do something, and go on."""
        assert self._process.stdin is not None  # noqa: S101 - as it was started
        self._process.stdin.write(" ".join(map(str, task)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> float:
        """Wait for the number that it answers."""
        return float(self._said())

    def do(self, kind: str, transport: str, times: int) -> None:
        """Have it do some work, and note the CPU microseconds that one unit took."""
        took = self.ask(kind, transport, times) * 1e6 / times / _UNIT.get(kind, 1)
        self.costs.setdefault((transport, kind), []).append(took)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def _said(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout is not None  # noqa: S101 - as it was started
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            sys.exit(f"{self.contender.name} ended:\n{self._errors.read()[-2000:]}")
        return json.loads(line)


@contextmanager
def other_end(*arguments: str) -> Iterator[str]:
    """Yield the address of a receiver and provider in a process of its own; with --grpc its two addresses."""
    command = [sys.executable, str(_HERE / "sink.py"), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None  # noqa: S101 - as it was started
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def taken(sink: str) -> int:
    """Return how many bytes were sent since this was asked for last."""
    with urllib.request.urlopen(f"{sink}/bytes") as answer:  # noqa: S310 - our own, on the loopback
        return int(answer.read())
