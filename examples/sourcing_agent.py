"""
An orchestrator as its developers write it: drafts an e-mail to a candidate, has it judged, and tries again.

The generator asks OpenAI, the evaluator asks Anthropic. Nothing here logs anything: the decorators say what each
function is, `assign` which way this candidate's e-mail is to begin, and that is all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anthropic import Anthropic
from openai import OpenAI

import orchestrace
from orchestrace import Evaluation, Example, Prompt

RESEARCH = Prompt("sourcing/research", "Find out what we know about {candidate.name}. Use the tool.", version="1")

DRAFT = Prompt(
    "sourcing/draft",
    [
        {"role": "system", "content": "You write to candidates in three short sentences. You never flatter. {opening}"},
        {"role": "user", "content": "Write to {candidate.name} about {job.title}. Known: {known}. {feedback}"},
    ],
    version="3",
    few_shot=[
        Example(
            "Write to Jun about Data Engineer. Known: maintains a Kafka connector.",
            "Hi Jun, your Kafka connector solves what we struggle with. We look for a data engineer. Shall we talk?",
            id="jun",
        )
    ],
)

OPENINGS = {
    "fact": "Begin with what you know of their work.",
    "question": "Begin with a question about their work.",
}
"""The two ways to begin that are compared."""

TONE = Prompt("sourcing/tone", "Judge the tone of this e-mail.\n\n{email}", version="2")

RUBRIC = """\
You judge e-mails for a recruiter who is tired of templates. 1: as a colleague writes. 0.5: polite. 0: a form letter.
Answer as JSON: {"score": 0 to 1, "feedback": "…"}"""

SEARCH_PROFILES = {
    "type": "function",
    "function": {
        "name": "search_profiles",
        "description": "Search public profiles of a person.",
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
}


@dataclass(frozen=True)
class CandidateProfile:
    """Whom to write to."""

    id: str
    name: str
    city: str


@dataclass(frozen=True)
class JobProfile:
    """What to write about; our applicant tracking system has it under its URI."""

    id: str
    title: str
    uri: str


# Traces name the profile and its hash, and hold no copy of it.
orchestrace.register_reference(JobProfile, "uri")


@dataclass(frozen=True)
class Settings:
    """What the agent can be told."""

    writer: str = "gpt-4o"
    judge: str = "claude-sonnet-5"
    good_enough: float = 0.8
    limit: int = 3


@orchestrace.tool
def search_profiles(name: str) -> list[dict[str, str]]:
    """Search public profiles of a person."""
    return [{"name": name, "known_for": "wrote a compiler for train timetables", "source": "conference talk"}]


@dataclass
class SourcingEmailCrafterAgent:
    """Write an e-mail to a candidate that passes the judge."""

    openai: OpenAI
    anthropic: Anthropic
    settings: Settings = field(default_factory=Settings)

    @orchestrace.agent(version="1.4", config="self.settings", key="job.id")
    def run(self, candidate: CandidateProfile, job: JobProfile) -> str:
        """Write an e-mail to a candidate that passes the judge, or the last of those that did not."""
        opening = orchestrace.assign("opening", OPENINGS, by=candidate.id)
        known = self.research(candidate)
        feedback, email = "", ""
        for _ in orchestrace.iterations(limit=self.settings.limit):
            email = self.draft(candidate, job, known=known, opening=opening, feedback=feedback)
            verdict = self.tone(email)
            if verdict.passed:
                break
            feedback = f"Your last draft was judged: {verdict.feedback}"
        return email

    def research(self, candidate: CandidateProfile) -> str:
        """Let the model look the candidate up."""
        messages: list[Any] = [{"role": "user", "content": RESEARCH.render(candidate=candidate)}]
        asked = self.openai.chat.completions.create(
            model=self.settings.writer,
            messages=messages,
            tools=[SEARCH_PROFILES],  # type: ignore[list-item] # a plain dict is what most programs pass
        )
        calls: list[Any] = asked.choices[0].message.tool_calls or []
        found = [profile for call in calls for profile in search_profiles(**json.loads(call.function.arguments))]
        return json.dumps(found)

    @orchestrace.generator(name="draft")
    def draft(self, candidate: CandidateProfile, job: JobProfile, *, known: str, opening: str, feedback: str) -> str:
        """Write a draft; the answer is streamed."""
        messages: Any = DRAFT.render(candidate=candidate, job=job, known=known, opening=opening, feedback=feedback)
        chunks = self.openai.chat.completions.create(
            model=self.settings.writer,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            temperature=0.7,
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    @orchestrace.evaluator(name="tone", version="2", rubric=RUBRIC)
    def tone(self, email: str) -> Evaluation:
        """Judge a draft."""
        answer = self.anthropic.messages.create(
            model=self.settings.judge,
            max_tokens=200,
            system=RUBRIC,
            messages=[{"role": "user", "content": TONE.render(email=email)}],
        )
        verdict: Mapping[str, Any] = json.loads(answer.content[0].text)  # type: ignore[union-attr] # it answers in text
        passed = verdict["score"] >= self.settings.good_enough
        return Evaluation(score=verdict["score"], passed=passed, feedback=verdict["feedback"])
