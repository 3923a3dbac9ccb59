"""
How large the journal of a day becomes.

    python benchmarks/disk_use.py [runs]

A run is an agent of three iterations, each with a generator and an evaluator that ask a model once: 16 spans, 6 of them
calls; every text has 1 KB of its own. What ten thousand such runs a day take is reckoned from that.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from interpreters import compiling
from tables import machine, table

import orchestrace
from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    import openai

__all__ = ["main"]

_A_DAY = 10_000
_SPANS = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz     "
_dice = random.Random(0)  # noqa: S311 - texts that are not alike, and the same in every run


def text() -> str:
    """Return 1 KB that was not there before."""
    return "".join(_dice.choices(_LETTERS, k=1000))


class _Model(httpx2.BaseTransport):
    """A model in this process."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        message = {"role": "assistant", "content": text()}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 400, "completion_tokens": 200, "total_tokens": 600}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": "gpt-4o-mini"}
        return httpx2.Response(200, json={**head, "choices": [choice], "usage": usage}, request=request)


@cache
def _client() -> openai.OpenAI:
    import openai  # noqa: PLC0415 - in the process that asks

    return openai.OpenAI(api_key="no-key", http_client=httpx2.Client(transport=_Model()), max_retries=0)


def _ask(prompt: str) -> str:
    answer = _client().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])
    return answer.choices[0].message.content or ""


@orchestrace.generator
def draft(job: str) -> str:
    """Ask for a draft."""
    return _ask(job)


@orchestrace.evaluator
def judge(words: str) -> bool:
    """Ask whether it is good, which it never is."""
    _ask(words)
    return False


@orchestrace.agent(name="Crafter")
def craft(job: str) -> str:
    """Draft three times."""
    words = ""
    for _ in orchestrace.iterations(limit=3):
        words = draft(job)
        if judge(words):
            break
    return words


def record(folder: str, runs: int, content: str) -> None:
    """Run, into a journal; print its balance."""
    orchestrace.configure("benchmark", journal=folder, export=False, content=content)
    for _ in range(runs):
        craft(text())
    flushed = orchestrace.flush(60)
    print(json.dumps(flushed.balance.ended))
    orchestrace.shutdown()


def row(place: Path, runs: int, content: str) -> list[object]:
    """Have a process run; return a line of the table."""
    folder = place / content
    command = [sys.executable, __file__, "--record", str(folder), str(runs), content]
    done = subprocess.run(command, env=compiling(), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - this file
    spans = json.loads(done.stdout)
    Reader(folder).runs()  # as the next one does: all of it is in the database now
    size = sum(found.stat().st_size for found in folder.glob("journal.db*"))
    other = sum(found.stat().st_size for found in folder.iterdir()) - size
    day = f"{size / runs * _A_DAY / 1e6:,.0f}"
    return [
        f'content="{content}"',
        runs,
        spans,
        f"{size / runs / 1000:.1f}",
        f"{size / spans:,.0f}",
        day,
        f"{other / 1e6:.1f}",
    ]


def main(runs: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-") as place:
        rows = [row(Path(place), runs, content) for content in ("full", "off")]
    print(f"{machine()}; {_SPANS} spans a run.\n")
    head = ["", "runs", "spans", "KB a run", "bytes a span", f"MB of {_A_DAY:,} runs", "MB of segments beside it"]
    print(table(head, rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
