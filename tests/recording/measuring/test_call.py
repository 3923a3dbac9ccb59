from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

from orchestrace import conventions as names
from orchestrace.messages import Usage
from orchestrace.recording import naming
from orchestrace.recording.measuring.call import EndedCall, call_measurements, seconds
from orchestrace.testing import Answer, ReplayServer, Spans, openai_chat

if TYPE_CHECKING:
    from tests.recording.conftest import Measured

SAID = {names.OPERATION_NAME: "chat", names.PROVIDER_NAME: "openai", names.REQUEST_MODEL: "gpt-4o"}
SECOND = 10**9


def ended(**known: object) -> EndedCall:
    """Return a call of two seconds."""
    return EndedCall(**{"said": SAID, "started": 5 * SECOND, "ended": 7 * SECOND, **known})  # type: ignore[arg-type]


class TestDuration:
    def test_is_the_whole_call(self) -> None:
        """In seconds, from the first attempt to the end of the stream."""
        assert [("gen_ai.client.inference.duration", 2.0, SAID)] == list(call_measurements(ended()))

    def test_of_a_failure_says_which(self) -> None:
        """`error.type` is there, and on a success it is not."""
        [(_, _, said)] = call_measurements(ended(error="rate_limit"))

        assert {**SAID, "error.type": "rate_limit"} == said

    def test_of_what_is_no_inference_is_another_metric(self) -> None:
        """Embeddings take time, and no tokens that today's metrics count."""
        said = {**SAID, names.OPERATION_NAME: "embeddings"}

        assert [("gen_ai.client.operation.duration", 2.0, said)] == list(
            call_measurements(ended(said=said, usage=Usage(3)))
        )

    def test_is_never_negative(self) -> None:
        """A clock can be set back."""
        assert 0.0 == seconds(7, 5)


class TestTokens:
    def test_are_counted_by_kind_and_spread_by_call(self) -> None:
        """Sums come from the counters, percentiles from the histograms."""
        measured = {
            name: (amount, said) for name, amount, said in call_measurements(ended(usage=Usage(100, 20, 60, 5, 8)))
        }
        unknown = {**SAID, "gen_ai.token.modality": "unknown"}

        assert {
            "gen_ai.client.inference.usage.input_tokens": (100, unknown),
            "gen_ai.client.inference.usage.output_tokens": (20, unknown),
            "gen_ai.client.inference.usage.cache_read.input_tokens": (60, unknown),
            "gen_ai.client.inference.usage.cache_write.input_tokens": (5, unknown),
            "gen_ai.client.inference.usage.reasoning.output_tokens": (8, unknown),
            "gen_ai.client.inference.operation.input_tokens": (100, SAID),
            "gen_ai.client.inference.operation.output_tokens": (20, SAID),
        }.items() <= measured.items()

    def test_unknown_ones_are_not_measured(self) -> None:
        """Unknown is absent, never 0."""
        names_of = [name for name, _, _ in call_measurements(ended(usage=Usage(output_tokens=0)))]

        assert [
            "gen_ai.client.inference.duration",
            "gen_ai.client.inference.usage.output_tokens",
            "gen_ai.client.inference.operation.output_tokens",
        ] == names_of

    def test_those_of_embeddings_were_counted_once(self) -> None:
        """The released text has them in its one metric for tokens."""
        naming.use("released")
        try:
            said = {**SAID, names.OPERATION_NAME: "embeddings"}
            measured = list(call_measurements(ended(said=said, usage=Usage(3))))
        finally:
            naming.use("current")

        assert ("gen_ai.client.token.usage", 3, {**said, "gen_ai.token.type": "input"}) in measured


class TestChunks:
    def test_each_wait_is_measured(self) -> None:
        """The first from the begin of the call, every other from the chunk before."""
        chunks = [6 * SECOND, 6 * SECOND + SECOND // 2, 7 * SECOND]
        waits = [(name, amount) for name, amount, _ in call_measurements(ended(chunks=chunks))][1:]

        assert [
            ("gen_ai.client.inference.time_to_first_chunk", 1.0),
            ("gen_ai.client.inference.time_per_output_chunk", 0.5),
            ("gen_ai.client.inference.time_per_output_chunk", 0.5),
        ] == waits

    @pytest.mark.parametrize(("chunks", "waits"), [(1, 0), (65, 64), (66, 64), (5000, 64)])
    def test_of_a_long_stream_some_are(self, chunks: int, waits: int) -> None:
        """A chunk must not cost more than what reading it does."""
        times = [5 * SECOND + n for n in range(chunks)]
        measured = [name for name, _, _ in call_measurements(ended(chunks=times))]

        assert waits == measured.count("gen_ai.client.inference.time_per_output_chunk")


class TestSDK:
    def test_a_retried_stream_is_one_call(
        self, orchestrace_server: ReplayServer, orchestrace_spans: Spans, measured: Measured
    ) -> None:
        """Its duration has the failed attempt and the wait in it; waits and tokens are those of the answer."""
        orchestrace_server.answer(Answer(status=500, headers={"retry-after-ms": "1"}))
        orchestrace_server.answer(openai_chat("one two three", stream=True))
        client = openai.OpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="of-no-use", max_retries=1)

        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        chunks = sum(1 for _ in answer)

        span = orchestrace_spans.one("chat gpt-4o-mini")
        [duration] = measured.points("gen_ai.client.inference.duration")
        [first] = measured.points("gen_ai.client.inference.time_to_first_chunk")
        [tokens] = measured.points("gen_ai.client.inference.usage.output_tokens")
        assert chunks
        assert span.end is not None
        assert (1, (span.end - span.start) / 10**9) == (duration.count, duration.sum)
        assert (1, span.attributes["gen_ai.response.time_to_first_chunk"]) == (first.count, first.sum)
        assert span.attributes["gen_ai.usage.output_tokens"] == tokens.value
        assert "127.0.0.1" == duration.attributes["server.address"]
