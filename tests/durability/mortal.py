"""
A program whose children run agents until they are killed. All is imported once: a death costs milliseconds.

It is told on its input how each child is to die, and answers with what the child said: "started" from inside of a body,
"ended" once the call has returned, and the ids of the span.
"""

from __future__ import annotations

import json
import logging
import os
import random
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import orchestrace
import orchestrace.running
from orchestrace.journal import ingest  # noqa: F401 - imported before the fork

OURS = f"{os.sep}orchestrace{os.sep}"
PATIENCE = 10.0
"""Seconds after which a child is killed that has not died as it was told."""
pipe = -1


def say(event: str) -> str:
    """Report an event of the current span; return its ids."""
    context = trace.get_current_span().get_span_context()
    ids = f"{context.trace_id:032x} {context.span_id:016x}"
    tell(event, ids)
    return ids


def tell(event: str, ids: str) -> None:
    """Report an event of a span."""
    os.write(pipe, f"{event} {ids}\n".encode())


class Model(httpx.BaseTransport):
    """A model that answers from this very process, and says whose call it answers."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        ids = say("started")
        message = {"role": "assistant", "content": "Dear Li, " + "x" * 500}
        return httpx.Response(200, json={"model": "m", "id": ids, "choices": [{"index": 0, "message": message}]})


model = httpx.Client(transport=Model(), base_url="https://api.openai.com", trust_env=False)


def instrumented(job: str) -> AbstractContextManager[object]:
    """Return the span that a model's SDK makes of its own calls, as some do, for every other job."""
    if job.endswith(("1", "3", "5", "7", "9")):
        return nullcontext()
    known = {"gen_ai.operation.name": "chat"}
    return trace.get_tracer("sdk").start_as_current_span("create", kind=trace.SpanKind.CLIENT, attributes=known)


@orchestrace.generator
def draft(job: str) -> tuple[str, str]:
    """Write, with a model's help."""
    ids = say("started")
    asked = {"model": "m", "messages": [{"role": "user", "content": f"Write about {job}."}]}
    with instrumented(job):
        answer = model.post("/v1/chat/completions", json=asked).json()
    tell("ended", answer["id"])
    return answer["choices"][0]["message"]["content"], ids


@orchestrace.evaluator
def judge(text: str) -> tuple[bool, str]:
    """Have an opinion, which is not quite its own."""
    ids = say("started")
    with orchestrace.llm_call("small", "local") as call:
        call.request(f"Judge {text}")
        asked = say("started")
        call.response("Well.")
    tell("ended", asked)
    return len(text) > 3, ids


@orchestrace.agent(name="Crafter", key="job")
def craft(job: str) -> str:
    """Write and judge, twice."""
    ids = say("started")
    orchestrace.current().tag("mortal")
    for _ in range(2):
        text, draft_ids = draft(job)
        tell("ended", draft_ids)
        _, judge_ids = judge(text)
        tell("ended", judge_ids)
    return ids


def live(how: str, seed: int, folder: str, endpoint: str | None) -> None:
    """Run agents until death comes."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    if how in {"line", "thread"}:
        die_at_a_line(chance, main_too=how == "line")
    if seed % 2:  # of every other one the provider is the program's own
        trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    orchestrace.configure(service_name="mortal", journal=folder, endpoint=endpoint, export=True if endpoint else None)
    last = int(40 ** chance.random()) if how == "exit" else -1
    number = 0
    while True:
        number += 1
        tell("ended", craft(f"job {number}"))
        if number == last:
            os._exit(0)


def die_at_a_line(chance: random.Random, *, main_too: bool) -> None:
    """Die at some line of ours, in some thread."""
    left = int(500 * 60 ** chance.random()) if main_too else int(3_000 ** chance.random())
    die: Callable[[], Any] = chance.choice([lambda: os._exit(1), lambda: os.kill(os.getpid(), signal.SIGKILL)])

    def step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if OURS not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                die()
        return step

    threading.settrace(step)
    if main_too:
        sys.settrace(step)


def watch(child: int, reading: int, how: str, seed: int) -> str:
    """Kill the child at a moment of chance, unless it dies by itself; return what it said."""
    chance = random.Random(seed)  # noqa: S311 - as above
    said = b""
    last = int(600 ** chance.random()) if how in {"kill", "term"} else 1 << 30
    until = time.monotonic() + PATIENCE
    while said.count(b"\n") < last and select.select([reading], [], [], max(0.0, until - time.monotonic()))[0]:
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        said += piece
    if how in {"kill", "term"}:
        time.sleep(chance.random() * 0.002)
    os.kill(child, signal.SIGTERM if how == "term" else signal.SIGKILL)
    while piece := os.read(reading, 1 << 16):
        said += piece
    os.waitpid(child, 0)
    return said.decode()


def main() -> None:
    """Have children live and die as told."""
    global pipe
    logging.basicConfig(format="%(message)s")
    for line in sys.stdin:
        told = json.loads(line)
        reading, pipe = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            live(**told)
        os.close(pipe)
        print(json.dumps(watch(child, reading, told["how"], told["seed"])), flush=True)  # noqa: T201 - the answer
        os.close(reading)


if __name__ == "__main__":
    main()
