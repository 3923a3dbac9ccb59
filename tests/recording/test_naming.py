from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrace import conventions as names
from orchestrace.messages import Message, ModelResponse, Usage, text
from orchestrace.recording import naming
from orchestrace.recording.measuring.instruments import METRICS
from orchestrace.recording.model_attributes import response_attributes

ANSWER: Message = {"role": "assistant", "parts": [text("Hi")]}


@pytest.fixture(autouse=True)
def current_afterwards() -> Iterator[None]:
    """Leave the process with today's names."""
    yield
    naming.use("current")


class TestAttributes:
    def test_today_nothing_is_changed(self) -> None:
        """The very same object comes back: it costs one comparison."""
        written = {names.USAGE_CACHE_WRITE: 3}

        assert naming.attributes(written) is written  # type: ignore[arg-type,comparison-overlap]

    @pytest.mark.parametrize("name", naming.ATTRIBUTES)
    def test_released_names_stand_alone(self, name: str) -> None:
        """Each row is written under its older name, and a name that has not changed as ever."""
        naming.use("released")

        assert {naming.ATTRIBUTES[name][0]: 3, names.REQUEST_SEED: 7} == naming.attributes(
            {name: 3, names.REQUEST_SEED: 7}
        )

    @pytest.mark.parametrize("name", naming.ATTRIBUTES)
    def test_both_are_written_beside_each_other(self, name: str) -> None:
        """A reader of either finds its own."""
        naming.use("both")

        assert {name: 3, naming.ATTRIBUTES[name][0]: 3} == naming.attributes({name: 3})

    @pytest.mark.parametrize(("conventions", "kind"), [("released", float), ("both", int), ("current", int)])
    def test_a_top_k_was_a_double(self, conventions: str, kind: type) -> None:
        """One name has one type: with both, it is today's."""
        naming.use(conventions)

        assert kind is type(naming.attributes({names.REQUEST_TOP_K: 3})[names.REQUEST_TOP_K])

    @pytest.mark.parametrize(
        ("conventions", "expected"),
        [
            ("current", {"gen_ai.usage.cache_write.input_tokens": 2, "gen_ai.usage.cache_creation.input_tokens": 2}),
            ("released", {"gen_ai.usage.cache_creation.input_tokens": 2}),
            ("both", {"gen_ai.usage.cache_write.input_tokens": 2, "gen_ai.usage.cache_creation.input_tokens": 2}),
        ],
    )
    def test_tokens_of_a_call_follow(self, conventions: str, expected: dict[str, int]) -> None:
        """What was written to a cache has the older name today as well: Jaeger reads it."""
        naming.use(conventions)

        assert expected == response_attributes(ModelResponse(usage=Usage(cache_write=2)), content=False)


class TestMessages:
    def test_today_the_span_alone_says_why_it_ended(self) -> None:
        """The conventions took it off the messages."""
        assert [ANSWER] == naming.messages([ANSWER], ["stop"])

    @pytest.mark.parametrize("conventions", ["released", "both"])
    def test_each_message_said_it(self, conventions: str) -> None:
        """It was required there: of an answer that did not come to its end it is `error`."""
        naming.use(conventions)

        assert [{**ANSWER, "finish_reason": "stop"}, {**ANSWER, "finish_reason": "error"}] == naming.messages(
            [ANSWER, ANSWER], ["stop"]
        )


class TestMeasurements:
    def test_today_nothing_is_changed(self) -> None:
        """The very same object comes back."""
        taken = [(names.INFERENCE_DURATION, 1.0, {"a": "b"})]

        assert naming.measurements(taken) is taken  # type: ignore[arg-type,comparison-overlap]

    @pytest.mark.parametrize("name", naming.METRICS)
    def test_released_names_stand_alone(self, name: str) -> None:
        """Each row is measured by its older metric, if it had one, with what told its kinds apart there."""
        naming.use("released")
        older = naming.METRICS[name]

        measured = list(naming.measurements([(name, 4, {"a": "b"})]))

        assert measured == ([] if older is None else [(older[0], 4, {"a": "b", **older[1]})])

    @pytest.mark.parametrize("name", naming.METRICS)
    def test_both_are_measured(self, name: str) -> None:
        """Today's first, and then the older one."""
        naming.use("both")
        older = naming.METRICS[name]

        measured = [metric for metric, _, _ in naming.measurements([(name, 4, {})])]

        assert measured == ([name] if older is None else [name, older[0]])

    def test_what_had_no_other_name_is_measured_once(self) -> None:
        """The duration of what is no inference is the same metric in both."""
        naming.use("both")

        assert [(names.OPERATION_DURATION, 1.0, {})] == list(naming.measurements([(names.OPERATION_DURATION, 1.0, {})]))

    def test_every_name_has_an_instrument(self) -> None:
        """Nothing is measured that cannot be."""
        older = {row[0] for row in naming.METRICS.values() if row is not None}

        assert METRICS.keys() >= older | naming.METRICS.keys()
