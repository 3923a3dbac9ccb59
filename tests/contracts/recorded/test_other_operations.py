"""What the span of a recorded call says that is no chat: vectors, completions, pictures, speech, counts, verdicts."""

from __future__ import annotations

import base64
import json
from typing import Any

Played = Any
"""What was played, as `conftest.py` says."""

OPERATIONS = {
    "anthropic completions",
    "audio.speech",
    "audio.transcriptions",
    "completions",
    "embeddings",
    "images.generations",
    "messages.count_tokens",
    "moderations",
}


# -- what a recording says --------------------------------------------------------------------------------------------
def answers_of(played: Played) -> list[dict[str, Any]]:
    """Return the JSON of the answer, of a stream that of each of its pieces; none where it is sound."""
    if "audio" in played.recording.headers.get("content-type", ""):
        return []
    return list(played.events() or [json.loads(played.recording.body)])


def asked_of(asked: dict[str, Any]) -> list[str]:
    """Return the texts that are asked about, under whichever key."""
    given = asked.get("prompt", asked.get("input", []))
    return [given] if isinstance(given, str) else [one for one in given if isinstance(one, str)]


def completed(answers: list[dict[str, Any]]) -> list[str]:
    """Return the text of each choice of a completion, in whichever pieces it came."""
    texts: dict[int, str] = {}
    for answer in answers:
        for choice in answer.get("choices", [{"text": answer["completion"]}] if "completion" in answer else []):
            index = choice.get("index", 0)
            texts[index] = texts.get(index, "") + choice["text"]
    return [texts[index] for index in sorted(texts)]


def reasons_of(answers: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return why each choice of a completion ended."""
    choices = [choice for answer in answers for choice in [answer, *answer.get("choices", ())]]
    found = (choice.get("finish_reason") or choice.get("stop_reason") for choice in choices)
    return tuple(reason for reason in found if reason)


def counted(played: Played) -> dict[str, int | None]:
    """Return what was counted, None for what must not be there: vectors are no tokens, and counting uses none."""
    answers = answers_of(played)
    usage = next((answer["usage"] for answer in answers if answer.get("usage")), {})
    vectors = [one["embedding"] for answer in answers for one in answer.get("data", ()) if "embedding" in one]
    return {
        "gen_ai.usage.input_tokens": usage.get("prompt_tokens", usage.get("total_tokens")),
        "gen_ai.usage.output_tokens": None if vectors else usage.get("completion_tokens"),
        "gen_ai.embeddings.dimension.count": length_of(vectors[0]) if vectors else None,
        "orchestrace.response.input_tokens": answers[0].get("input_tokens") if answers else None,
    }


def length_of(vector: str | list[float]) -> int:
    """Return how many numbers a vector has; one that is a text is made of four bytes each."""
    return len(vector) if isinstance(vector, list) else len(base64.b64decode(vector)) // 4


# -- tests ------------------------------------------------------------------------------------------------------------
class TestSpan:
    def test_says_what_was_asked(self, played: Played) -> None:
        """Every text that is asked about stands as it was sent, in order."""
        texts = [said for _, pieces in played.written("input") for kind, said in pieces if kind == "text"]
        asked = asked_of(played.asked())

        assert played.operation == "messages.count_tokens" or asked == texts

    def test_says_what_was_answered(self, played: Played) -> None:
        """Model, words, reasons and tokens are those of the recording; what it does not say is not there."""
        if played.failed:
            return
        answers, attributes = answers_of(played), played.attributes()
        model = next((answer["model"] for answer in answers if "model" in answer), None)
        texts = [said for _, pieces in played.written("output") for kind, said in pieces if kind == "text"]

        assert model == attributes.get("gen_ai.response.model")
        assert "completion" not in attributes["gen_ai.operation.name"] or completed(answers) == texts
        assert reasons_of(answers) == attributes.get("orchestrace.response.finish_reasons", ())
        assert counted(played) == {name: attributes.get(name) for name in counted(played)}
