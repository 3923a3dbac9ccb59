"""
The demo: two runs of the agent next door, with the real SDKs, against a server on this machine that plays the provider.

`make demo` runs it. The first run needs two iterations, the second one fails; both are then read back from the journal.
With the name of a file, it also writes what it shows there, as a picture.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path

import openai
from anthropic import Anthropic
from openai import OpenAI
from rich.console import Console
from sourcing_agent import Candidate, Job, SourcingEmailCrafterAgent

import orchestrace
from orchestrace.cli.tree import render
from orchestrace.journal.reader import Reader
from orchestrace.testing import Answer, ReplayServer, ToolCall, anthropic_message, openai_chat

OPENAI = "/v1/chat/completions"
ANTHROPIC = "/v1/messages"
WRITER, JUDGE = "gpt-4o-2024-11-20", "claude-sonnet-5"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def prepare_good_run(server: ReplayServer) -> None:
    """Queue what the providers answer when all goes well in the end."""
    search = ToolCall("search_profiles", {"name": "Ada Nakamura"})
    formal = (
        "Dear Ms. Nakamura, your talk on compiling train timetables stayed with us. We hereby wish to inform you of an "
        "exceptional opportunity in our esteemed company, which builds the same for ships."
    )
    warm = (
        "Hi Ada, your talk on compiling train timetables stayed with us. We build the same for ships. Coffee next week?"
    )
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model=WRITER), path=OPENAI)
    server.answer(openai_chat(formal, stream=True, usage=(212, 31), model=WRITER), path=OPENAI)
    server.answer(
        anthropic_message(
            '{"score": 0.4, "feedback": "too formal: no human says hereby"}', usage=(140, 22), model=JUDGE
        ),
        path=ANTHROPIC,
    )
    server.answer(openai_chat(warm, stream=True, usage=(229, 29), model=WRITER), path=OPENAI)
    server.answer(
        anthropic_message('{"score": 0.9, "feedback": "personal and short"}', usage=(138, 16), model=JUDGE),
        path=ANTHROPIC,
    )


def prepare_bad_run(server: ReplayServer) -> None:
    """Queue what the providers answer when the second call is refused."""
    search = ToolCall("search_profiles", {"name": "Bo Lindqvist"})
    refusal = {
        "message": "This model's maximum context length is 128000 tokens, but the messages resulted in 131094 tokens.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model=WRITER), path=OPENAI)
    server.answer(Answer(status=400, body={"error": refusal}), path=OPENAI)


def run(server: ReplayServer) -> None:
    """Run the agent twice, as its users would."""
    agent = SourcingEmailCrafterAgent(
        openai=OpenAI(base_url=f"{server.url}/v1", api_key="demo"),
        anthropic=Anthropic(base_url=server.url, api_key="demo"),
    )
    prepare_good_run(server)
    agent.run(Candidate("Ada Nakamura", "Osaka"), Job("job-417", "Compiler Engineer"))
    prepare_bad_run(server)
    with contextlib.suppress(openai.BadRequestError):
        agent.run(Candidate("Bo Lindqvist", "Malmö"), Job("job-418", "Data Engineer"))


def main() -> int:
    """Record two runs, show them, and say where to go from here."""
    orchestrace.configure(service_name="sourcing-demo")
    with ReplayServer() as server:
        run(server)
    arrived = orchestrace.flush(timeout=10)
    journal = orchestrace.status().journal
    if journal is None:
        print("Everything is switched off, by ORCHESTRACE_DISABLED or OTEL_SDK_DISABLED: there is nothing to show.")
        return 1
    show(journal)
    say_next_step(journal, arrived=arrived)
    return 0 if arrived else 1


def show(journal: Path) -> None:
    """Print the last two runs of a journal, the earlier one first."""
    console = Console(record=True)
    reader = Reader(journal)
    for found in reversed(reader.runs(limit=2)):
        console.print(render(reader.trace(found.trace_id)))
        console.print()
    if len(sys.argv) > 1:
        # Without the web fonts that the template asks for: a picture loads nothing.
        picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="orchestrace show"), flags=re.DOTALL)
        Path(sys.argv[1]).write_text(picture, encoding="utf-8")


def say_next_step(journal: Path, *, arrived: bool) -> None:
    """Say where the runs are now, and how to see them in Jaeger."""
    print(f"Both runs are in the journal {journal}: try `orchestrace list` and `orchestrace show --full`.")
    if endpoint := os.environ.get(ENDPOINT):
        print(f"Sent to {endpoint}: {'all of it' if arrived else 'not all of it'}. Jaeger: http://localhost:16686")
        return
    print("See them in Jaeger:  docker compose up -d")
    print(f"                     {ENDPOINT}=http://localhost:4318 make demo")


if __name__ == "__main__":
    sys.exit(main())
