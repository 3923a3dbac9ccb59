"""
The demo: three runs of the agent next door, with the real SDKs; a server on this machine plays the providers.

`make demo` runs it. The first run needs two iterations, the second one fails, the third is not accepted in three; then
somebody says what came of them, as any other process would. All are read back from the journal: three lines, and the
first two whole. With the name of a file, it also writes what it shows there, as a picture.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import openai
from anthropic import Anthropic
from openai import OpenAI
from rich.console import Console
from sourcing_agent import CandidateProfile, JobProfile, SourcingEmailCrafterAgent

import orchestrace
from orchestrace.cli.table import table
from orchestrace.cli.tree import render
from orchestrace.journal.reader import Reader
from orchestrace.testing import Answer, ReplayServer, ToolCall, anthropic_message, openai_chat

OPENAI = "/v1/chat/completions"
ANTHROPIC = "/v1/messages"
WRITER, JUDGE = "gpt-4o-2024-11-20", "claude-sonnet-5"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
WIDTH = 120
"""Columns of the picture."""

ADA = CandidateProfile("c-2045", "Ada Nakamura", "Osaka")
BO = CandidateProfile("c-2042", "Bo Lindqvist", "Malmö")
CLEO = CandidateProfile("c-2044", "Cleo Marsh", "Leeds")

FORMAL = (
    "Dear Ms. Nakamura, your talk on compiling train timetables stayed with us. We hereby wish to inform you of an "
    "exceptional opportunity in our esteemed company, which builds the same for ships."
)
WARM = "Hi Ada, your talk on compiling train timetables stayed with us. We build the same for ships. Coffee next week?"
GOOD = [
    (FORMAL, '{"score": 0.4, "feedback": "too formal: no human says hereby"}'),
    (WARM, '{"score": 0.9, "feedback": "personal and short"}'),
]
"""Drafts of the first run, each with what the judge says."""
RIGID = [
    ("Dear Ms. Marsh, we are the leading employer in our field.", '{"score": 0.1, "feedback": "about us, not her"}'),
    ("Cleo! Rockstar! Our timetables need you!!!", '{"score": 0.3, "feedback": "now it shouts"}'),
    ("Hello Cleo, we have seen your talk. Please apply.", '{"score": 0.6, "feedback": "better, but an order"}'),
]
"""Drafts of the third."""
BY_HAND = "Hi Ada, your talk on compiling train timetables stayed with us. We try the same for ships. Coffee on Friday?"
"""What a recruiter made of the first run's e-mail."""
REFUSAL = {
    "message": "This model's maximum context length is 128000 tokens, but the messages resulted in 131094 tokens.",
    "type": "invalid_request_error",
    "param": "messages",
    "code": "context_length_exceeded",
}


def prepare_research(server: ReplayServer, candidate: CandidateProfile) -> None:
    """Queue that the model wants to look somebody up."""
    search = ToolCall("search_profiles", {"name": candidate.name})
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model=WRITER), path=OPENAI)


def prepare_iterations(server: ReplayServer, rounds: Iterable[tuple[str, str]]) -> None:
    """Queue a draft and a verdict for each iteration."""
    for draft, verdict in rounds:
        server.answer(openai_chat(draft, stream=True, usage=(212, 31), model=WRITER), path=OPENAI)
        server.answer(anthropic_message(verdict, usage=(140, 22), model=JUDGE), path=ANTHROPIC)


def run(server: ReplayServer) -> None:
    """Run the agent three times, as its users would."""
    agent = SourcingEmailCrafterAgent(
        openai=OpenAI(base_url=f"{server.url}/v1", api_key="demo"),
        anthropic=Anthropic(base_url=server.url, api_key="demo"),
    )
    with orchestrace.session("campaign-11", user="rosa", tenant="acme", tags=["demo"]):
        prepare_research(server, ADA)
        prepare_iterations(server, GOOD)
        agent.run(ADA, JobProfile("job-417", "Compiler Engineer", "https://jobs.example/417"))
        prepare_research(server, BO)
        server.answer(Answer(status=400, body={"error": REFUSAL}), path=OPENAI)
        with contextlib.suppress(openai.BadRequestError):
            agent.run(BO, JobProfile("job-418", "Data Engineer", "https://jobs.example/418"))
        prepare_research(server, CLEO)
        prepare_iterations(server, RIGID)
        agent.run(CLEO, JobProfile("job-419", "Test Engineer", "https://jobs.example/419"))


def report() -> None:
    """Say what came of the runs: any process can, on any day, with nothing but the key."""
    orchestrace.record_outcome("email.edited", value=True, key="job-417", rater="rosa", correction=BY_HAND)
    orchestrace.record_outcome("email.replied", value=True, key="job-417", source="crm")
    orchestrace.record_outcome("email.sent", value=False, key="job-419", rater="rosa", comment="I will call her.")


def main() -> int:
    """Record three runs and what came of them, show it, and say where to go from here."""
    orchestrace.configure(service_name="sourcing-demo")
    with ReplayServer() as server:
        run(server)
    report()
    arrived = orchestrace.flush(timeout=10)
    journal = orchestrace.status().journal
    if journal is None:
        print("Everything is switched off, by ORCHESTRACE_DISABLED or OTEL_SDK_DISABLED: there is nothing to show.")
        return 1
    show(journal)
    say_next_step(journal, arrived=arrived)
    return 0 if arrived else 1


def show(journal: Path) -> None:
    """Print the last three runs of a journal, and the story of the first two of them."""
    picture = sys.argv[1] if len(sys.argv) > 1 else None
    console = Console(record=True, width=WIDTH if picture else None)
    reader = Reader(journal)
    runs = reader.runs(limit=3)
    console.print(table(runs))
    for found in reversed(runs[1:]):
        console.print()
        console.print(render(reader.trace(found.trace_id)))
    if picture:
        # Without the web fonts that the template asks for: a picture loads nothing.
        drawn = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="orchestrace show"), flags=re.DOTALL)
        Path(picture).write_text(drawn, encoding="utf-8")


def say_next_step(journal: Path, *, arrived: bool) -> None:
    """Say where the runs are now, and how to see them in Jaeger."""
    print(f"\nAll three are in the journal {journal}. The third, and the first as a page:")
    print("                     orchestrace show key=job-419")
    print("                     orchestrace show key=job-417 --html run.html")
    if endpoint := os.environ.get(ENDPOINT):
        print(f"Sent to {endpoint}: {'all of it' if arrived else 'not all of it'}. Jaeger: http://localhost:16686")
        return
    print("See them in Jaeger:  docker compose up -d")
    print(f"                     {ENDPOINT}=http://localhost:4318 make demo")


if __name__ == "__main__":
    sys.exit(main())
