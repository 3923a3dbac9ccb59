# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from typing_extensions import Self, assert_type

import orchestrace

T = TypeVar("T")


@orchestrace.agent(method="run", name="Crafter", version="1.4", config="self.settings")
@dataclass
class Crafter:
    tone: str
    limit: int = 3

    def run(self, job: str) -> str:
        return job * self.limit

    @property
    @orchestrace.tool
    def mood(self) -> str:
        return self.tone

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


@orchestrace.agent
class Caller(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value

    def __call__(self, job: str) -> T:
        return self.value


@orchestrace.agent(method="run")
class Base(ABC):
    @abstractmethod
    def run(self, job: str) -> str: ...

    @orchestrace.generator
    @abstractmethod
    def draft(self) -> str: ...


class Derived(Base):
    def run(self, job: str) -> str:
        return job

    @orchestrace.generator
    def draft(self) -> str:
        return super().run("")  # type: ignore[safe-super]


class Runs(Protocol):
    def run(self, job: str) -> str: ...


class Drafts(Protocol):
    @orchestrace.generator
    def draft(self) -> str: ...


def test_classes_stay_the_classes_that_they_are() -> None:
    kind: type[Crafter] = Crafter
    runs: list[Runs] = [Crafter("warm"), Derived()]
    drafts: Drafts = Derived()

    assert_type(kind("warm", limit=2).run("job"), str)
    assert_type(Crafter("warm").mood, str)
    assert_type(Caller(3)("job"), int)
    assert_type(Caller("x").value, str)
    assert_type(drafts.draft(), str)
    assert isinstance(runs[0], Crafter)
    Crafter("warm", limit="2")  # type: ignore[arg-type]
    Crafter("warm").run(1)  # type: ignore[arg-type]
    Base()  # type: ignore[abstract]
    with Crafter("warm") as crafter:
        assert_type(crafter, Crafter)


def test_what_overrides_must_fit() -> None:
    class Wrong(Base):
        @orchestrace.agent
        def run(self, job: int) -> str:  # type: ignore[override]
            return str(job)

        @orchestrace.generator
        def draft(self) -> Iterator[str]:  # type: ignore[override]
            yield ""

    Wrong()
