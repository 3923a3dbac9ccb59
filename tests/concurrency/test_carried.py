from __future__ import annotations

import pickle
from typing import Any

import pytest
from opentelemetry.context import Context, attach, get_current

import orchestrace
from orchestrace.concurrency.carried import Elsewhere, Here, elsewhere, here
from orchestrace.recording import lineage
from orchestrace.testing import Spans


def whose() -> object:
    """Return the key of the run that this is called in."""
    return lineage.identity(lineage.current()).get("orchestrace.key")


def fail(*args: Any, **kwargs: Any) -> None:
    """Raise what was given."""
    raise ZeroDivisionError(args, kwargs)


class TestHere:
    def test_runs_where_it_was_made(self, orchestrace_spans: Spans) -> None:
        """And leaves what is current where it runs."""
        with orchestrace.agent(key=lambda: "one", name="A"):
            carried = here(whose)
        with orchestrace.agent(key=lambda: "two", name="A"):
            assert ["one", "two"] == [carried(), whose()]

    def test_takes_nothing_along_from_nowhere(self, orchestrace_spans: Spans) -> None:
        """What is current where it runs is not its own."""
        carried = here(whose)
        with orchestrace.agent(key=lambda: "two", name="A"):
            assert carried() is None

    def test_pickled_it_is_for_another_process(self, orchestrace_spans: Spans) -> None:
        """As some pools of threads do, each of which has an interpreter of its own."""
        with orchestrace.agent(key=lambda: "one", name="A"):
            carried = pickle.loads(pickle.dumps(here(whose)))  # noqa: S301 - what pools do

        assert (Elsewhere, "one") == (type(carried), carried())


class TestElsewhere:
    def test_runs_where_it_was_made(self, orchestrace_spans: Spans) -> None:
        """However often it is pickled, and whatever is current where it runs."""
        with orchestrace.agent(key=lambda: "one", name="A"):
            carried = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(elsewhere(whose)))))  # noqa: S301 - as above
        with orchestrace.agent(key=lambda: "two", name="A"):
            assert ["one", "two"] == [carried(), whose()]

    def test_takes_nothing_along_from_nowhere(self, orchestrace_spans: Spans) -> None:
        """A worker that was forked inside of a run works for others, too."""
        carried = elsewhere(whose)
        with orchestrace.agent(key=lambda: "two", name="A"):
            assert carried() is None

    def test_what_cannot_be_pickled_says_so_itself(self) -> None:
        """The error is that of the function."""

        def local() -> None: ...

        with pytest.raises(Exception, match="local") as plain:
            pickle.dumps(local)
        with pytest.raises(type(plain.value)) as carried:
            pickle.dumps(elsewhere(local))

        assert str(plain.value) == str(carried.value)


class TestBoth:
    @pytest.mark.parametrize("carry", [here, elsewhere])
    def test_errors_pass(self, carry: Any) -> None:
        """With the arguments that came; and what was current is current again."""
        around = get_current()
        with pytest.raises(ZeroDivisionError) as raised:
            carry(fail)(1, two=2)

        assert (((1,), {"two": 2}), around) == (raised.value.args, get_current())

    @pytest.mark.parametrize("kind", [Here(whose, Context()), Elsewhere(whose, {"traceparent": "nonsense"})])
    def test_a_context_that_says_nothing_is_empty(self, kind: Any, orchestrace_spans: Spans) -> None:
        """Whatever is around."""
        with orchestrace.agent(key=lambda: "two", name="A"):
            attach(get_current())
            assert kind() is None
