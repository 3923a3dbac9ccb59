"""
An agent that knows nothing of Orchestrace: it drafts an e-mail to a candidate, has it judged, and tries again.

What its functions are stands in agents.yaml beside it, and only there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anthropic import Anthropic
from openai import OpenAI

SEARCH_PROFILES = {
    "type": "function",
    "function": {
        "name": "search_profiles",
        "description": "Search public profiles of a person.",
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
}


@dataclass(frozen=True)
class Candidate:
    """Whom to write to."""

    name: str
    city: str


@dataclass(frozen=True)
class Job:
    """What to write about."""

    id: str
    title: str


@dataclass(frozen=True)
class Settings:
    """What the agent can be told."""

    writer: str = "gpt-4o"
    judge: str = "claude-sonnet-5"
    good_enough: float = 0.8
    limit: int = 3


@dataclass(frozen=True)
class Verdict:
    """What the judge says, in its own words."""

    rating: float
    ok: bool
    notes: str


def search_profiles(name: str) -> list[dict[str, str]]:
    """Search public profiles of a person."""
    return [{"name": name, "known_for": "wrote a compiler for train timetables", "source": "conference talk"}]


@dataclass
class SourcingEmailCrafterAgent:
    """Write an e-mail to a candidate that passes the judge."""

    openai: OpenAI
    anthropic: Anthropic
    settings: Settings = field(default_factory=Settings)

    def run(self, candidate: Candidate, job: Job) -> str:
        """Write an e-mail to a candidate that passes the judge."""
        known = self.research(candidate)
        feedback, email = "", ""
        for _ in range(self.settings.limit):
            email = self.draft(candidate, job, known, feedback)
            verdict = self.evaluate(email)
            if verdict.ok:
                break
            feedback = f"Your last draft was judged: {verdict.notes}"
        return email

    def research(self, candidate: Candidate) -> str:
        """Let the model look the candidate up."""
        asked = self.openai.chat.completions.create(
            model=self.settings.writer,
            messages=[{"role": "user", "content": f"Find out what we know about {candidate.name}. Use the tool."}],
            tools=[SEARCH_PROFILES],  # type: ignore[list-item] # a plain dict is what most programs pass
        )
        calls: list[Any] = asked.choices[0].message.tool_calls or []
        found = [profile for call in calls for profile in search_profiles(**json.loads(call.function.arguments))]
        return json.dumps(found)

    def draft(self, candidate: Candidate, job: Job, known: str, feedback: str) -> str:
        """Write a draft; the answer is streamed."""
        chunks = self.openai.chat.completions.create(
            model=self.settings.writer,
            messages=[{"role": "user", "content": f"Write to {candidate.name} about {job.title}. {known} {feedback}"}],
            stream=True,
            stream_options={"include_usage": True},
            temperature=0.7,
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    def evaluate(self, email: str) -> Verdict:
        """Judge a draft."""
        answer = self.anthropic.messages.create(
            model=self.settings.judge,
            max_tokens=200,
            system="You judge e-mails for a recruiter who is tired of templates.",
            messages=[{"role": "user", "content": f"Judge the tone of this e-mail. Answer as JSON.\n\n{email}"}],
        )
        said: Mapping[str, Any] = json.loads(answer.content[0].text)  # type: ignore[union-attr] # it answers in text
        return Verdict(said["score"], said["score"] >= self.settings.good_enough, said["feedback"])
