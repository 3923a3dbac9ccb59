"""Every shape that a loop of drafts and verdicts has in real programs, and what the spans then say of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

import orchestrace
from orchestrace import Evaluation
from orchestrace.testing import Spans

PREFIX = "orchestrace."
RUN = ("iterations", "stop_reason", "accepted", "accepted_iteration", "scores", "summary")
TURN = ("accepted", "score", "feedback", "ending")


@orchestrace.generator
def draft(words: str) -> str:
    """Draft."""
    return words


@orchestrace.evaluator
def tone(text: str) -> Evaluation:
    """Judge a text by its last character, from 0 to 9; 5 is enough."""
    score = int(text[-1])
    return Evaluation(score / 10, passed=score >= 5, feedback=None if score >= 5 else f"{text} is too formal")


def run(spans: Spans, name: str = "A") -> dict[str, object]:
    """Return what a run says of its iterations."""
    said = spans.attributes(f"invoke_agent {name}")
    known = {one: said[PREFIX + one] for one in RUN if PREFIX + one in said}
    return {one: list(value) if isinstance(value, tuple) else value for one, value in known.items()}


def turns(spans: Spans) -> list[tuple[object, ...]]:
    """Return what each iteration says: its draft, and what `TURN` names."""
    said = [span.attributes for span in sorted(spans, key=lambda one: one.start) if span.name.startswith("iteration")]
    return [(one.get("output.value"), *(one.get(PREFIX + name) for name in TURN)) for one in said]


def indices(spans: Spans, name: str) -> list[object]:
    """Return in which iteration each span of a name was."""
    return [span.attributes.get("orchestrace.iteration.index") for span in spans.named(name)]


REFUSED = ("d2", False, 0.2, "d2 is too formal", "returned")


class TestLeaving:
    """`break`, `return`, exceptions, `continue`: the last turn is told apart from those before it."""

    def test_by_break(self, orchestrace_spans: Spans) -> None:
        """When the draft was good enough."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=3):
                if tone(draft("d2" if turn.index == 1 else "d7")).passed:
                    break

        assert {
            "iterations": 2,
            "stop_reason": "accepted",
            "accepted": True,
            "accepted_iteration": 2,
            "scores": [0.2, 0.7],
            "summary": "2 iterations, accepted; tone 0.7",
        } == run(orchestrace_spans)
        assert [REFUSED, ("d7", True, 0.7, None, "returned")] == turns(orchestrace_spans)

    def test_by_return(self, orchestrace_spans: Spans) -> None:
        """Out of the function that holds the loop, from inside of a block, too."""

        @orchestrace.agent(name="A")
        def craft() -> str | None:
            for turn in orchestrace.iterations(limit=3):
                with orchestrace.tool(name="t"):
                    text = draft("d2" if turn.index == 1 else "d7")
                    if tone(text).passed:
                        return text
            return None

        assert "d7" == craft()
        assert (2, "accepted", 2) == tuple(run(orchestrace_spans)[one] for one in ("iterations", "stop_reason", RUN[3]))
        assert [REFUSED, ("d7", True, 0.7, None, "returned")] == turns(orchestrace_spans)

    def test_by_an_exception(self, orchestrace_spans: Spans) -> None:
        """What had been drafted and judged until then is there."""

        @orchestrace.agent(name="A")
        def craft() -> None:
            for turn in orchestrace.iterations(limit=3):
                tone(draft("d2"))
                if turn.index == 2:
                    raise KeyError

        with pytest.raises(KeyError):
            craft()

        assert {
            "iterations": 2,
            "stop_reason": "error",
            "accepted": False,
            "scores": [0.2, 0.2],
            "summary": "2 iterations, error KeyError; tone 0.2 'd2 is too formal'",
        } == run(orchestrace_spans)
        assert [REFUSED, (*REFUSED[:4], "error")] == turns(orchestrace_spans)

    def test_by_continue(self, orchestrace_spans: Spans) -> None:
        """A turn that was given up has no verdict; the others count on."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=3):
                text = draft(f"d{turn.index}")
                if turn.index == 2:
                    continue
                tone(text)

        said = run(orchestrace_spans)
        assert (3, "limit", False, [0.1, 0.3]) == (
            said["iterations"],
            said["stop_reason"],
            said["accepted"],
            said["scores"],
        )
        assert ("d2", None, None, None, "returned") == turns(orchestrace_spans)[1]

    def test_by_else(self, orchestrace_spans: Spans) -> None:
        """`for … else`: what runs when the limit was reached is after the loop."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                tone(draft("d2"))
            draft("fallback")

        assert [1, None] == indices(orchestrace_spans, "generate draft")
        assert [REFUSED] == turns(orchestrace_spans)


class TestAround:
    """What is before, after and beside a loop, or holds another one."""

    def test_calls_after_the_loop(self, orchestrace_spans: Spans) -> None:
        """They stand in no iteration and change no verdict."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=3):
                if tone(draft("d7")).passed:
                    break
            tone(draft("d1"))

        assert [1, None] == indices(orchestrace_spans, "generate draft")
        assert [1, None] == indices(orchestrace_spans, "evaluate tone")
        assert ("accepted", [0.7]) == (run(orchestrace_spans)["stop_reason"], run(orchestrace_spans)["scores"])

    def test_nested_loops(self, orchestrace_spans: Spans) -> None:
        """The inner one's turns are the run's iterations too, counted on; each ends where it was left."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                for _ in orchestrace.iterations(limit=2):
                    tone(draft("d2"))

        assert (6, [0.2, 0.2, 0.2, 0.2]) == (run(orchestrace_spans)["iterations"], run(orchestrace_spans)["scores"])
        assert [2, 3, 5, 6] == indices(orchestrace_spans, "generate draft")
        assert (
            "invoke_agent A\n"
            + "".join(
                f"  iteration {outer}\n"
                + "".join(
                    f"    iteration {inner}\n      generate draft\n      evaluate tone\n"
                    for inner in (outer + 1, outer + 2)
                )
                for outer in (1, 4)
            )
        ).rstrip() == orchestrace_spans.tree()

    def test_a_held_iterator(self, orchestrace_spans: Spans) -> None:
        """Its iteration stays current until the run ends, and is told then."""
        with orchestrace.agent(name="A"):
            held = orchestrace.iterations(limit=3)
            for _ in held:
                tone(draft("d2"))
                break
            draft("d9")
        del held

        assert [1, 1] == indices(orchestrace_spans, "generate draft")
        assert [("d9", *REFUSED[1:])] == turns(orchestrace_spans)

    def test_an_agent_that_calls_an_agent(self, orchestrace_spans: Spans) -> None:
        """Each has its own iterations, drafts and scores."""

        @orchestrace.agent(name="B")
        def inner() -> str:
            for turn in orchestrace.iterations(limit=2):
                text = draft(f"b{turn.index}")
                tone(text)
            return text

        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                draft("d8")
                tone(inner() and "d8")

        assert (2, "limit", [0.1, 0.2]) == tuple(run(orchestrace_spans, "B")[one] for one in (*RUN[:2], "scores"))
        assert (1, "accepted", [0.8]) == tuple(run(orchestrace_spans)[one] for one in (*RUN[:2], "scores"))
        assert [1, 1, 2] == indices(orchestrace_spans, "generate draft")
        assert ["d8", "b1", "b2"] == [turn[0] for turn in turns(orchestrace_spans)]

    def test_an_agent_as_generator(self, orchestrace_spans: Spans) -> None:
        """What an agent inside of an iteration drafts is its own; the generator around it drafts for the outer one."""

        @orchestrace.generator(name="outer")
        def make() -> str:
            with orchestrace.agent(name="B"):
                return draft("inner")

        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                make()
                with orchestrace.agent(name="C"):
                    draft("of C")

        assert ["inner"] == [turn[0] for turn in turns(orchestrace_spans)]


def by_gather(*calls: Callable[[], Any]) -> list[Any]:
    """Call all at once in tasks' threads."""

    async def all_of_them() -> list[Any]:
        return list(await asyncio.gather(*map(asyncio.to_thread, calls)))

    return asyncio.run(all_of_them())


def by_pool(*calls: Callable[[], Any]) -> list[Any]:
    """Call all at once in a pool."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


at_once = pytest.mark.parametrize("together", [by_gather, by_pool], ids=["gather", "pool"])


class TestAtOnce:
    """Several generators or evaluators in one iteration."""

    @at_once
    def test_generators(self, together: Callable[..., list[Any]], orchestrace_spans: Spans) -> None:
        """They are in the same iteration, with and without `iterations()`."""
        met = threading.Barrier(3)

        def one(n: int) -> str:
            with orchestrace.generator(name="draft") as handle:
                met.wait(10)
                handle.set_output(f"d{n}")
                return f"d{n}"

        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                together(*(lambda n=n: one(n) for n in range(3)))
                tone("d2")
        with orchestrace.agent(name="I"):
            for _ in range(2):
                together(*(lambda n=n: one(n) for n in range(3)))
                tone("d2")

        assert [1, 1, 1, 2, 2, 2] * 2 == indices(orchestrace_spans, "generate draft")
        assert [2, 2] == [run(orchestrace_spans, name)["iterations"] for name in ("A", "I")]
        assert {"d0", "d1", "d2"} >= {turn[0] for turn in turns(orchestrace_spans)}

    @at_once
    def test_voting_evaluators(self, together: Callable[..., list[Any]], orchestrace_spans: Spans) -> None:
        """All have to pass; the score is what they say on average, the feedback names each of them."""
        judges = [
            orchestrace.evaluator(name=name)(
                lambda text, score=score: Evaluation(score, passed=score > 0.5, feedback=text)
            )
            for name, score in (("kind", 0.9), ("short", 0.3))
        ]
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                text = draft("d")
                together(*(partial(judge, text) for judge in judges))

        [(_, accepted, score, feedback, _)] = turns(orchestrace_spans)
        assert (False, pytest.approx(0.6), {"kind: d", "short: d"}) == (
            accepted,
            score,
            set(str(feedback).splitlines()),
        )
        assert [pytest.approx(0.6)] == run(orchestrace_spans)["scores"]

    def test_an_evaluator_inside_an_evaluator(self, orchestrace_spans: Spans) -> None:
        """The outer one sums up; the inner ones have no vote, no score and no feedback in the iteration."""

        @orchestrace.evaluator
        def jury(text: str) -> Evaluation:
            votes = [tone(text), tone(text)]
            return Evaluation(0.6, passed=not all(vote.passed for vote in votes), feedback="mixed")

        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                jury(draft("d2"))

        assert [("d2", True, 0.6, "mixed", "returned")] == turns(orchestrace_spans)
        assert "1 iteration, accepted; jury 0.6 'mixed'" == run(orchestrace_spans)["summary"]

    def test_best_of_n(self, orchestrace_spans: Spans) -> None:
        """Whatever the verdicts on the others were: the draft that was taken is the iteration's."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                candidates = [draft(words) for words in ("d2", "d8", "d4")]
                best = max(candidates, key=lambda text: tone(text).score or 0)
                turn.accept(best)
                break

        said = run(orchestrace_spans)
        assert ("accepted", True, 1) == (said["stop_reason"], said["accepted"], said["accepted_iteration"])
        assert [("d8", True)] == [turn[:2] for turn in turns(orchestrace_spans)]

    def test_subject_then_body(self, orchestrace_spans: Spans) -> None:
        """Two drafts, each judged: one iteration with `iterations()`, and without it where the generator says so."""
        body = orchestrace.generator(name="body", starts_iteration=False)(lambda words: words)
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                tone(draft(f"subject {turn.index + 6}"))
                tone(body(f"body {turn.index + 3}"))
        with orchestrace.agent(name="I"):
            for _ in range(2):
                tone(draft("subject 7"))
                tone(body("body 4"))

        assert (
            [1, 2, 1, 2] == indices(orchestrace_spans, "generate draft") == indices(orchestrace_spans, "generate body")
        )
        assert [False, True] == [turn[1] for turn in turns(orchestrace_spans)]
        assert ["body 4", "body 5"] == [turn[0] for turn in turns(orchestrace_spans)]
        assert [2, 2] == [run(orchestrace_spans, name)["iterations"] for name in ("A", "I")]
        assert [pytest.approx([0.55, 0.65]), pytest.approx([0.55, 0.55])] == [
            run(orchestrace_spans, name)["scores"] for name in ("A", "I")
        ]


class TestStreams:
    def test_an_agent_that_yields_its_turns(self, orchestrace_spans: Spans) -> None:
        """The reader leaves in the middle; what was drafted until then is told."""

        @orchestrace.agent(name="A")
        def craft() -> Iterator[str]:
            for turn in orchestrace.iterations(limit=3):
                text = draft(f"d{turn.index}")
                tone(text)
                yield text

        items = craft()
        assert ["d1", "d2"] == [next(items), next(items)]
        items.close()  # type: ignore[attr-defined] # a generator

        assert (2, "stopped", [0.1, 0.2]) == tuple(run(orchestrace_spans)[one] for one in (*RUN[:2], "scores"))
        assert ["d1", "d2"] == [turn[0] for turn in turns(orchestrace_spans)]


class TestLong:
    def test_the_thousandth_iteration(self, orchestrace_spans: Spans) -> None:
        """Nothing of those before it is kept but the score."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1200):
                tone(draft("d2"))

        said = run(orchestrace_spans)
        assert (1200, 1000) == (said["iterations"], len(said["scores"]))  # type: ignore[arg-type] # a list


class TestWithoutContent:
    def test_numbers_stay_and_words_do_not(self, orchestrace_spans: Spans) -> None:
        """Neither draft nor feedback stands on an iteration or on the run."""
        with orchestrace.content("off"), orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                tone(draft("d2"))

        assert [(None, False, 0.2, None, "returned")] == turns(orchestrace_spans)
        assert "1 iteration, limit; tone 0.2" == run(orchestrace_spans)["summary"]
