# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from typing_extensions import assert_type

import orchestrace


class Crafter:
    def __init__(self, tone: str) -> None:
        self.tone = tone

    @orchestrace.generator
    def draft(self, about: str) -> str:
        return f"{self.tone}: {about}"

    @orchestrace.evaluator(name="tone")
    async def judge(self, text: str) -> float:
        return float(len(text))

    @classmethod
    @orchestrace.tool
    def inside_classmethod(cls, tone: str) -> Crafter:
        return cls(tone)

    @orchestrace.tool
    @classmethod
    def outside_classmethod(cls, tone: str) -> Crafter:
        return cls(tone)

    @staticmethod
    @orchestrace.retriever(name="words")
    def inside_staticmethod(text: str) -> list[str]:
        return text.split()

    @orchestrace.retriever(name="words")
    @staticmethod
    def outside_staticmethod(text: str) -> list[str]:
        return text.split()


@orchestrace.agent
class Caller:
    def __call__(self, candidate: str) -> int:
        return len(candidate)


@orchestrace.agent(method="run", version="2")
class Runner:
    limit: int

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def run(self, candidate: str) -> int:
        return len(candidate) + self.limit


class Special(Runner):
    """A decorated class can be a base class."""


def test_methods() -> None:
    crafter = Crafter("warm")

    assert_type(crafter.draft("job"), str)
    assert_type(Crafter.draft(crafter, "job"), str)
    assert_type(Crafter.inside_classmethod("warm"), Crafter)
    assert_type(Crafter.outside_classmethod("warm"), Crafter)
    assert_type(Crafter.inside_staticmethod("a b"), list[str])
    assert_type(Crafter.outside_staticmethod("a b"), list[str])
    crafter.draft(1)  # type: ignore[arg-type]
    Crafter.outside_staticmethod(1)  # type: ignore[arg-type]


async def test_async_methods() -> None:
    assert_type(await Crafter("warm").judge("x"), float)


def test_classes() -> None:
    caller: Caller = Caller()
    runner: Runner = Special(1)

    assert_type(caller("a"), int)
    assert_type(runner.run("a"), int)
    assert_type(Runner(1).limit, int)
    Runner("1")  # type: ignore[arg-type]
