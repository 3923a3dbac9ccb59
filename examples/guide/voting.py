"""
A jury: three judges at once, and the majority decides.

    python examples/guide/voting.py "our new office"

Verdicts of evaluators inside another evaluator are recorded, but do not decide: the jury's does.
"""

from __future__ import annotations

import asyncio
import json
import sys

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

import orchestrace
from orchestrace import Evaluation

QUALITIES = ("friendly", "clear", "true")


async def ask(model: str, words: str) -> str:
    """Ask the writer's model."""
    async with AsyncOpenAI() as client:
        answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": words}])
    return answer.choices[0].message.content or ""


@orchestrace.generator
async def draft(topic: str, feedback: str) -> str:
    """Write a text."""
    return await ask("gpt-4o", f"Write a post about {topic}. {feedback}")


@orchestrace.evaluator
async def judge(text: str, quality: str) -> Evaluation:
    """Judge one quality of a text."""
    question = f'Is this {quality}? Answer {{"score": 0 to 1, "why": "…"}}.\n\n{text}'
    async with AsyncAnthropic() as client:
        message = await client.messages.create(
            model="claude-sonnet-5", max_tokens=200, messages=[{"role": "user", "content": question}]
        )
    said = json.loads(message.content[0].text)
    return Evaluation(name=quality, score=said["score"], passed=said["score"] >= 0.5, feedback=said["why"])  # noqa: PLR2004 - half


@orchestrace.evaluator
async def jury(text: str) -> Evaluation:
    """Let three judges vote, at the same time."""
    votes = await asyncio.gather(*(judge(text, quality) for quality in QUALITIES))
    won = sum(bool(vote.passed) for vote in votes)
    complaints = "; ".join(vote.feedback for vote in votes if not vote.passed and vote.feedback)
    return Evaluation(score=won / len(votes), passed=won > len(votes) / 2, feedback=complaints or None)


@orchestrace.agent(name="Poster", key="topic")
async def post(topic: str) -> str:
    """Write until the jury is content."""
    text = feedback = ""
    for _ in orchestrace.iterations(limit=3):
        text = await draft(topic, feedback)
        verdict = await jury(text)
        if verdict.passed:
            break
        feedback = verdict.feedback or ""
    return text


if __name__ == "__main__":
    orchestrace.configure("posts")
    print(asyncio.run(post(sys.argv[1])))
