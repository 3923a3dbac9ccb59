"""
The demo: two runs of the agent next door, with the real SDKs, against a server on this machine that plays the provider.

`make demo` runs it. The first run needs two iterations, the second one fails; both are then read back from the journal.
"""

from __future__ import annotations

import contextlib
import os
import sys

import openai
from anthropic import Anthropic
from openai import OpenAI
from orchestrace.cli.tree import render
from orchestrace.journal.reader import Reader
from rich.console import Console
from sourcing_agent import Candidate, Job, SourcingEmailCrafterAgent

import orchestrace
from orchestrace.testing import Answer, ReplayServer, ToolCall, anthropic_message, openai_chat

OPENAI = "/v1/chat/completions"
ANTHROPIC = "/v1/messages"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def prepare_good_run(server: ReplayServer) -> None:
    """Queue what the providers answer when all goes well in the end."""
    search = ToolCall("search_profiles", {"name": "Ada Nakamura"})
    formal = "Dear Ms. Nakamura, we hereby wish to inform you of an exceptional opportunity in our esteemed company."
    warm = (
        "Hi Ada, your talk on compiling train timetables stayed with us. We build the same for ships. Coffee next week?"
    )
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model="gpt-4o-2024-11-20"), path=OPENAI)
    server.answer(openai_chat(formal, stream=True, usage=(212, 31), model="gpt-4o-2024-11-20"), path=OPENAI)
    server.answer(
        anthropic_message('{"score": 0.4, "feedback": "too formal: no human says hereby"}', usage=(140, 22)),
        path=ANTHROPIC,
    )
    server.answer(openai_chat(warm, stream=True, usage=(229, 29), model="gpt-4o-2024-11-20"), path=OPENAI)
    server.answer(
        anthropic_message('{"score": 0.9, "feedback": "personal and short"}', usage=(138, 16)), path=ANTHROPIC
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
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model="gpt-4o-2024-11-20"), path=OPENAI)
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
        return 1
    console = Console()
    reader = Reader(journal)
    for found in reversed(reader.runs(limit=2)):
        console.print(render(reader.trace(found.trace_id)))
        console.print()
    console.print(
        f"Both runs are in the journal {journal}: `orchestrace list`, `orchestrace show --full`.", highlight=False
    )
    if os.environ.get(ENDPOINT):
        console.print(
            f"Sent to {os.environ[ENDPOINT]}: {'all of it' if arrived else 'not all of it'}.", highlight=False
        )
        console.print("Jaeger has them at http://localhost:16686.", highlight=False)
    else:
        console.print("See them in Jaeger:  docker compose up -d", highlight=False)
        console.print(f"                     {ENDPOINT}=http://localhost:4318 make demo", highlight=False)
    return 0 if arrived else 1


if __name__ == "__main__":
    sys.exit(main())
