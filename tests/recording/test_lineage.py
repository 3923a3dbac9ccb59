from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from opentelemetry.context import Context, get_current
from opentelemetry.trace import get_current_span

from orchestrace.recording import lineage
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.recording import Recording
from orchestrace.testing import Spans

PROMPT = PromptUse(name="sourcing/draft", version="3", hash="abc", template="Hi", variables={})


class Agent(Recording):
    """A run."""

    __slots__ = ()
    role = "agent"


class Iteration(Recording):
    """A pass through its loop."""

    __slots__ = ()
    role = lineage.ITERATION


class Draft(Recording):
    """A part of it."""

    __slots__ = ()
    role = "generator"


class Call(Recording):
    """A call to a model, which has no role."""

    __slots__ = ()


@pytest.fixture
def chain(orchestrace_spans: Spans) -> Iterator[list[Recording]]:
    """Return an agent, an iteration in it, a draft in that, and a model call: all are open, the last is current."""
    opened: list[Recording] = []
    with ExitStack() as scopes:
        for kind in (Agent, Iteration, Draft, Call):
            one = kind(kind.__name__)
            one.begin(kind.__name__, {})
            scopes.enter_context(one.scope)
            opened.append(one)
        yield opened
    for one in reversed(opened):
        one.end(End(RETURNED, one.started + 1))


class TestCurrent:
    def test_outside_there_is_none(self) -> None:
        """Also in a context that never saw us."""
        assert lineage.current() is None
        assert lineage.current(Context()) is None

    def test_is_the_innermost(self, chain: list[Recording]) -> None:
        """In the current context, or in the one that is asked about."""
        assert chain[-1] is lineage.current()
        assert chain[0] is lineage.current(chain[0].scope.context)


class TestEntered:
    def test_leaves_the_context_that_it_gets_as_it_is(self, chain: list[Recording]) -> None:
        """Contexts are values."""
        before = get_current()
        after = lineage.entered(chain[0], before)

        assert (chain[-1], chain[0]) == (lineage.current(before), lineage.current(after))

    def test_its_span_is_current_with_it(self, chain: list[Recording]) -> None:
        """Where it is given; else whatever span is current stays."""
        before = get_current()
        contexts = lineage.entered(chain[0], before), lineage.entered(chain[0], before, chain[0].span)

        assert [chain[3].span, chain[0].span] == [get_current_span(context) for context in contexts]
        assert chain[3].span is get_current_span(before)


class TestUpwards:
    def test_from_the_inside_out(self, chain: list[Recording]) -> None:
        """Itself first."""
        assert chain[::-1] == list(lineage.upwards(chain[-1]))

    def test_from_nothing(self) -> None:
        """There is nothing around nothing."""
        assert [] == list(lineage.upwards(None))


class TestNearest:
    @pytest.mark.parametrize(
        ("roles", "place"),
        [(("agent",), 0), (("agent", "generator"), 2), (("iteration", "agent"), 1), (("tool",), None)],
    )
    def test_is_the_innermost_of_the_roles(
        self, chain: list[Recording], roles: tuple[str, ...], place: int | None
    ) -> None:
        """None where there is no such role."""
        assert (None if place is None else chain[place]) is lineage.nearest(chain[-1], *roles)

    def test_itself_counts(self, chain: list[Recording]) -> None:
        """A run is the nearest run of itself."""
        assert chain[0] is lineage.nearest(chain[0], "agent")


class TestIdentity:
    def test_of_nothing_is_empty(self) -> None:
        """A span outside of all runs inherits nothing."""
        assert {} == lineage.identity(None)

    def test_the_inner_one_wins(self, chain: list[Recording]) -> None:
        """Everything that is passed on, each name once."""
        chain[0].passes_on.update({"agent": "A", "key": "outer"})
        chain[2].passes_on.update({"key": "inner"})

        assert {"agent": "A", "key": "inner"} == lineage.identity(chain[-1])
        assert {"agent": "A", "key": "outer"} == lineage.identity(chain[1])


class TestPrompt:
    def test_is_that_of_the_role_around(self, chain: list[Recording]) -> None:
        """A model call carries which prompt it came from."""
        chain[2].prompt = PROMPT

        assert PROMPT.identity() == lineage.prompt(chain[-1])

    def test_of_a_role_without_one_there_is_none(self, chain: list[Recording]) -> None:
        """What the run around rendered is not what this role asks with."""
        chain[0].prompt = PROMPT

        assert {} == lineage.prompt(chain[-1])

    def test_an_iteration_holds_none(self, chain: list[Recording]) -> None:
        """What is rendered between the roles of a loop was rendered in the run."""
        chain[0].prompt = PROMPT

        assert PROMPT.identity() == lineage.prompt(chain[1])

    def test_outside_there_is_none(self) -> None:
        """A call that nobody is around."""
        assert {} == lineage.prompt(None)
