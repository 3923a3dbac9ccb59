"""
Agents as classes: what they share stands in a base class, and so do the decorators.

    python examples/guide/class_based.py "data engineer"
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from openai import OpenAI

import orchestrace
from orchestrace import Evaluation, Prompt

DRAFT = Prompt("outreach/draft", "Write to a {job} in two sentences. {feedback}", version="2")


@dataclass(frozen=True)
class Settings:
    """What an agent was told to be; it is recorded with every run, and its hash changes with it."""

    model: str = "gpt-4o"
    longest: int = 400
    tries: int = 3


@orchestrace.agent(method="run", version="1.0", config="self.settings", key="job")
class Crafter:
    """Draft, judge, and try again. A subclass says how it judges; its runs are recorded under its own name."""

    def __init__(self, client: OpenAI, settings: Settings) -> None:
        self.client = client
        self.settings = settings

    def run(self, job: str) -> str:
        """Return the best text there was."""
        text = feedback = ""
        for _ in orchestrace.iterations(limit=self.settings.tries):
            text = self.draft(job, feedback)
            verdict = self.judge(text)
            if verdict.passed:
                break
            feedback = verdict.feedback or ""
        return text

    @orchestrace.generator(name="draft")
    def draft(self, job: str, feedback: str) -> str:
        """Ask the model."""
        asked = DRAFT.render(job=job, feedback=feedback)
        messages = [{"role": "user", "content": asked}]
        answer = self.client.chat.completions.create(model=self.settings.model, messages=messages)
        return answer.choices[0].message.content or ""

    @orchestrace.evaluator(name="length", kind="code")
    def judge(self, text: str) -> Evaluation:
        """Take what is short enough."""
        short = len(text) <= self.settings.longest
        return Evaluation(score=len(text), passed=short, feedback=None if short else "Shorter, please.")


class PoliteCrafter(Crafter):
    """One that also wants a greeting."""

    def judge(self, text: str) -> Evaluation:
        """Take what is short enough and greets; this too is recorded, because the method that it overrides is."""
        if not text.startswith(("Dear", "Hi", "Hello")):
            return Evaluation(passed=False, feedback="Greet them.")
        return super().judge(text)


def main() -> None:
    """Run one."""
    orchestrace.configure("outreach")
    print(PoliteCrafter(OpenAI(), Settings()).run(sys.argv[1]))


if __name__ == "__main__":
    main()
