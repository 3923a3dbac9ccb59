from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.wires.openai_chat_stream import fold_chunks

DONE = b"data: [DONE]\n\n"

pieces = st.lists(st.text(max_size=4), max_size=5)


def chunk(delta: dict[str, Any], finish: str | None = None, index: int | None = 0) -> bytes:
    """Return a chunk as a server sends it."""
    choice = {"delta": delta, "finish_reason": finish, **({} if index is None else {"index": index})}
    return f"data: {json.dumps({'id': '1', 'choices': [choice]})}\n\n".encode()


def message_of(body: bytes) -> Any:
    """Return the one message of a stream."""
    whole: Any = fold_chunks(body)[0]
    (choice,) = whole["choices"]
    return choice["message"]


class TestComplete:
    @pytest.mark.parametrize(
        ("body", "complete"),
        [
            (b"", False),
            (DONE, True),
            (b"data: [DONE]", True),
            (chunk({"content": "a"}), False),
            (chunk({"content": "a"}) + DONE, True),
            (chunk({"content": "a"}, "stop"), True),
            (chunk({"content": "a"}, "stop") + b": keep-alive", True),
            (chunk({"content": "a"}, "stop") + b"data: {", False),
            (chunk({"content": "a"}, "stop") + b"data: [DO", False),
            (chunk({"content": "a"}, "stop") + chunk({"content": "b"}, index=1), False),
            (chunk({"content": "a"}, "stop") + chunk({}, "stop", index=1), True),
        ],
        ids=repr,
    )
    def test_the_end_or_a_reason_for_each_choice(self, body: bytes, *, complete: bool) -> None:
        """`[DONE]` ends a stream, with or without its blank line; so does a reason for each choice, between events."""
        assert complete is fold_chunks(body)[1]


class TestPieces:
    @given(texts=pieces, reasoning=pieces, arguments=pieces)
    def test_texts_are_joined(self, texts: list[str], reasoning: list[str], arguments: list[str]) -> None:
        """Whatever pieces words, reasoning and arguments come in, they are whole again."""
        call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}
        deltas: list[dict[str, Any]] = [
            {"role": "assistant", "content": "", "reasoning": "", "tool_calls": [call]},
            *({"reasoning": piece} for piece in reasoning),
            *({"content": piece, "reasoning": None} for piece in texts),
            *({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in arguments),
        ]
        message = message_of(b"".join(map(chunk, deltas)))

        assert ("assistant", "".join(texts), "".join(reasoning)) == (
            message["role"],
            message["content"],
            message["reasoning"],
        )
        assert ["".join(arguments)] == [call["function"]["arguments"] for call in message["tool_calls"]]

    def test_a_null_says_nothing(self) -> None:
        """A field that comes as null keeps what it had, and is absent if it never had anything."""
        assert {"content": "a"} == message_of(chunk({"content": "a"}) + chunk({"content": None, "refusal": None}))

    def test_an_empty_text_takes_nothing_away(self) -> None:
        """A host that repeats names may repeat them empty."""
        names = [{"tool_calls": [{"index": 0, "function": {"name": name}}]} for name in ("f", "", "f")]

        assert ["f"] == [call["function"]["name"] for call in message_of(b"".join(map(chunk, names)))["tool_calls"]]

    def test_another_id_without_a_name_is_the_same_call(self) -> None:
        """A host that makes up an id for each piece still means one call."""
        calls = [{"id": "1", "function": {"name": "f", "arguments": "{"}}, {"id": "2", "function": {"arguments": "}"}}]
        indexed = b"".join(chunk({"tool_calls": [{"index": 0, **call}]}) for call in calls)
        bare = b"".join(chunk({"tool_calls": [call]}) for call in calls)

        for body in (indexed, bare):
            assert ["{}"] == [call["function"]["arguments"] for call in message_of(body)["tool_calls"]]

    def test_an_id_alone_finds_its_call(self) -> None:
        """Calls that come interleaved without an index are told apart by their ids."""
        sent = [("1", "f", "{"), ("2", "g", "["), ("1", None, "}"), ("2", None, "]")]
        calls = [{"id": name, "function": {"name": f, "arguments": piece}} for name, f, piece in sent]
        message = message_of(b"".join(chunk({"tool_calls": [call]}) for call in calls))

        assert ["{}", "[]"] == [call["function"]["arguments"] for call in message["tool_calls"]]

    def test_an_id_may_come_late(self) -> None:
        """A call whose first piece has no id yet is the same call when it gets one."""
        calls = [
            {"id": name, "function": {"name": "f", "arguments": piece}} for name, piece in ((None, "{"), ("1", "}"))
        ]
        message = message_of(b"".join(chunk({"tool_calls": [{"index": 0, **call}]}) for call in calls))

        assert [("1", "{}")] == [(call["id"], call["function"]["arguments"]) for call in message["tool_calls"]]

    def test_of_different_types_the_last_counts(self) -> None:
        """What cannot be put together is not."""
        assert {"audio": 7} == message_of(chunk({"audio": {"id": "1"}}) + chunk({"audio": 7}))

    def test_whole_items_stay_apart(self) -> None:
        """Citations come one by one and are not put together."""
        cited = [{"annotations": [{"type": "url_citation", "url_citation": {"url": url}}]} for url in ("a", "b")]
        message = message_of(b"".join(map(chunk, cited)))

        assert ["a", "b"] == [each["url_citation"]["url"] for each in message["annotations"]]

    def test_the_last_reason_counts(self) -> None:
        """A host may repeat a reason, and take none of it back."""
        whole: Any = fold_chunks(chunk({}, "stop") + chunk({}, "length") + chunk({}))[0]

        assert ["length"] == [choice["finish_reason"] for choice in whole["choices"]]

    def test_tokens_are_the_last_that_came(self) -> None:
        """Counts that grow with each chunk are cumulative; later chunks without any take nothing away."""
        usages = [{"prompt_tokens": 5}, {"prompt_tokens": 5, "completion_tokens": 2}, None]
        body = b"".join(f"data: {json.dumps({'usage': usage})}\n\n".encode() for usage in usages)

        assert {"prompt_tokens": 5, "completion_tokens": 2} == fold_chunks(body)[0]["usage"]
