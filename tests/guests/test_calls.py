from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("calls.py")
GUESTS = (
    "anthropic",
    "openinference-instrumentation-openai",
    "opentelemetry-instrumentation-genai-anthropic",
    "opentelemetry-instrumentation-genai-openai",
    "opentelemetry-instrumentation-openai",
)
LEAVES_ITS_WRAPPERS = "opentelemetry-instrumentation-openai"
"""Its `uninstrument()` puts nothing back: whoever calls `instrument()` again is wrapped twice by it."""

ENDINGS = {
    "value": "returned",
    "error": "error",
    "retried": "returned",
    "refused": "error",
    "raw": "returned",
    "streaming_response": "returned",
    "parsed": "returned",
    "drained": "drained",
    "broken_off": "abandoned",
    "closed": "abandoned",
    "block_left": "abandoned",
    "dropped": "abandoned",
    "held": "abandoned",
    "raw_stream": "drained",
    "helper": "drained",
    "helper_left": "abandoned",
}
"""How the call of a scenario ends."""

WORDLESS = {"error", "refused", "dropped"}
"""What ends before the first word of an answer."""


Played = Callable[[str, str], Any]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """
    Return `played(guest, order)`: what the program says of a guest, which is asked once, by whichever worker.

    One process tries both orders, unless the guest cannot be taken away.
    """
    here = tmp_path_factory.getbasetemp()
    folder = here.parent if "PYTEST_XDIST_WORKER" in os.environ else here

    def played(guest: str, order: str) -> Any:
        first = order if guest == LEAVES_ITS_WRAPPERS else "theirs"
        said = folder / f"{guest}-{first}.json"
        with said.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                done = subprocess.run(  # noqa: S603 - our own program
                    [sys.executable, PROGRAM, guest, first], capture_output=True, text=True, check=False
                )
                assert 0 == done.returncode, done.stderr
                said.write_text(done.stdout, encoding="utf-8")
        return json.loads(said.read_text(encoding="utf-8"))

    return played


def calls_of(told: Any) -> list[Any]:
    """Return the spans of a trace that stand for a call."""
    return [span for span in told["spans"] if span["attributes"].get("orchestrace.role") not in {"agent", "outer_call"}]


def agent_of(told: Any) -> Any:
    """Return the attributes of the agent's span."""
    (found,) = [span for span in told["spans"] if span["attributes"].get("orchestrace.role") == "agent"]
    return found["attributes"]


def kind_of(scenario: str) -> str:
    """Return a scenario's name without that of the method."""
    return scenario.removeprefix("responses_").removeprefix("embeddings_")


def tokens(span: Any) -> tuple[Any, Any]:
    """Return what a call says that it used."""
    names = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    return tuple(span["attributes"].get(name) for name in names)


def sums(told: Any) -> tuple[Any, Any, Any]:
    """Return what the agent says was used."""
    return tuple(agent_of(told).get(f"orchestrace.usage.{name}") for name in ("calls", "input_tokens", "output_tokens"))


def wrong(scenario: str, told: Any) -> list[str]:
    """Return what is not as it should be in the trace of one call."""
    calls, kind = calls_of(told), kind_of(scenario)
    if (1, []) != (len(calls), told["running"]):
        return [f"{len(calls)} spans, {told['running']} running"]
    (call,) = calls
    facts = call["attributes"]
    has_words = kind not in WORDLESS and not scenario.startswith("embeddings_")
    expected = {
        "ending": (ENDINGS[kind], facts.get("orchestrace.ending")),
        "failed": (ENDINGS[kind] == "error", call["status"] == "ERROR"),
        "asked": (True, "Hi" in facts.get("gen_ai.input.messages", "")),
        "answered": (has_words, "Hello" in facts.get("gen_ai.output.messages", "")),
        "attempts": (1 + (kind == "retried"), facts.get("orchestrace.attempts")),
        "sums": ((1, *tokens(call)), sums(told)),
        "used": (ENDINGS[kind] in {"returned", "drained"}, tokens(call)[0] in {3, 12} and tokens(call)[1] in {5, None}),
    }
    if "anthropic" in call["name"] and ENDINGS[kind] == "abandoned":
        del expected["used"]  # its first event says what was asked
    return [f"{fact}: {want} != {got}" for fact, (want, got) in expected.items() if want != got]


def rows(column: str) -> list[Any]:
    """Return the guests, each as a row of the table."""
    return [
        pytest.param(guest, marks=pytest.mark.compatibility(table="guests", row=guest, column=column), id=guest)
        for guest in GUESTS
    ]


class TestOneSpan:
    @pytest.mark.parametrize("guest", rows("instrumented before ours: one span a call, every ending, sync and async"))
    def test_theirs_first(self, guest: str, played: Played) -> None:
        """One span for each call, with its messages, its ending and its tokens, which the agent counts once."""
        faults = {
            (colour, scenario): fault
            for colour, told in played(guest, "theirs")["theirs first"].items()
            for scenario, seen in told.items()
            if kind_of(scenario) != "nested" and (fault := wrong(scenario, seen))
        }

        assert {} == faults

    @pytest.mark.parametrize("guest", rows("instrumented after ours: one span a call, sync and async"))
    def test_ours_first(self, guest: str, played: Played) -> None:
        """The order does not count."""
        faults = {
            (colour, scenario): fault
            for colour, told in played(guest, "ours")["ours first"].items()
            for scenario, seen in told.items()
            if kind_of(scenario) != "nested" and (fault := wrong(scenario, seen))
        }

        assert {} == faults

    @pytest.mark.parametrize("guest", rows("a call in the loop over another call's stream"))
    def test_nested(self, guest: str, played: Played) -> None:
        """Each has a span of its own, with its own words, and the agent counts both."""
        for told in played(guest, "theirs")["theirs first"].values():
            for scenario in {"nested", "responses_nested"} & {*told}:
                said = [span["attributes"]["gen_ai.output.messages"] for span in calls_of(told[scenario])]

                assert [True, False] == ["Inner." in words for words in said]
                assert [False, True] == ["Hello" in words for words in said]
                assert (2, 24, 10) == sums(told[scenario])

    @pytest.mark.compatibility(
        table="guests",
        row="opentelemetry-instrumentation-genai-anthropic",
        column="two spans a call of its own: one has the call, the other no tokens",
    )
    def test_two_spans_before_ours(self, played: Played) -> None:
        """Anthropic's own span is inside of its instrumentation's: the inner has the call, the outer no tokens."""
        told = played("opentelemetry-instrumentation-genai-anthropic", "theirs")["theirs first"]["sync"]["value"]
        inner, outer, _ = told["spans"]

        assert ("outer_call", outer["span_id"]) == (outer["attributes"]["orchestrace.role"], inner["parent_id"])
        assert ((12, 5), (None, None)) == (tokens(inner), tokens(outer))

    @pytest.mark.compatibility(
        table="guests",
        row="opentelemetry-instrumentation-openai",
        column="its span comes after the call: ours is kept, its exporters get both",
    )
    def test_a_span_that_comes_afterwards(self, played: Played) -> None:
        """OpenLLMetry makes the spans of OpenAI's responses when they are over."""
        told = played("opentelemetry-instrumentation-openai", "theirs")["theirs first"]["sync"]["responses_value"]

        assert ["orchestrace"] == [span["scope"] for span in calls_of(told)]
        assert ["openai.v1", "orchestrace"] == sorted(
            span["scope"].removeprefix("opentelemetry.instrumentation.")
            for span in told["exported"]
            if "gen_ai.request.model" in span["attributes"]
        )


class TestOthers:
    @pytest.mark.parametrize("guest", rows("others' exporters: its own spans, with our messages"))
    def test_get_what_was_set_in_time(self, guest: str, played: Played) -> None:
        """The guest's own span is there, with its own attributes, and with the messages that stood on it by its end."""
        scopes = {"anthropic": "com.anthropic.sdk.python"}
        for scenario in ("value", "drained"):
            exported = played(guest, "theirs")["theirs first"]["sync"][scenario]["exported"]
            theirs = [span for span in exported if not span["scope"].startswith("orchestrace")]
            messages = [span for span in theirs if "Hello" in span["attributes"].get("gen_ai.output.messages", "")]

            assert any(span["scope"].startswith(scopes.get(guest, guest.partition("-")[0])) for span in theirs)
            assert 1 == len(messages)


class TestUndone:
    @pytest.mark.parametrize("guest", rows("uninstrument, in either order: nothing of ours is left"))
    def test_nothing_is_recorded(self, guest: str, played: Played) -> None:
        """No span carries anything of a call, and no method is ours."""
        for order in ("theirs", "ours"):
            told = played(guest, order)
            traces = [seen for colour in told[f"undone, {order} first"].values() for seen in colour.values()]
            left = (".Completions.create", ".AsyncCompletions.create") if guest == LEAVES_ITS_WRAPPERS else ()

            assert [] == [s for seen in traces for s in calls_of(seen) if "orchestrace.ending" in s["attributes"]]
            assert [None] * len(traces) == [sums(seen)[0] for seen in traces]
            assert all(name.endswith(left) for name in told[f"changed, {order} first"])

    @pytest.mark.parametrize("guest", rows("instrument again"))
    def test_again(self, guest: str, played: Played) -> None:
        """What was put back is recorded again."""
        for told in played(guest, "theirs")["ours again"].values():
            assert dict.fromkeys(told, (1,)) == {scenario: sums(seen)[:1] for scenario, seen in told.items()}
