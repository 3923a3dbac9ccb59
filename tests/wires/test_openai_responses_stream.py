from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.wires.openai_responses_stream import fold_events

pieces = st.lists(st.text(max_size=4), max_size=5)


def event(kind: str, **fields: Any) -> bytes:
    """Return an event as a server sends it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def last(kind: str = "completed", **response: Any) -> bytes:
    """Return the event that ends a stream."""
    return event(f"response.{kind}", response=response)


def deltas(kind: str, texts: list[str], **place: Any) -> bytes:
    """Return the events of a text that comes in pieces."""
    return b"".join(event(f"response.{kind}.delta", delta=text, **place) for text in texts)


def output_of(body: bytes) -> Any:
    """Return the items of a stream."""
    return fold_events(body)[0].get("output", [])


class TestComplete:
    @pytest.mark.parametrize("kind", ["completed", "failed", "incomplete", "cancelled"])
    def test_one_of_the_last_events_ends_a_stream(self, kind: str) -> None:
        """Without it a stream is not complete, whatever came before; an event without its end has not come."""
        body = event("response.created", response={"status": "in_progress"}) + event("response.output_text.done")

        assert [False, False, True] == [
            fold_events(body)[1],
            fold_events(body + last(kind)[:-1])[1],
            fold_events(body + last(kind))[1],
        ]
        assert kind == fold_events(body + last(kind))[0]["status"]

    def test_an_error_ends_nothing(self) -> None:
        """The answer did not come to its end."""
        whole, complete = fold_events(event("error", code="c", message="m"))

        assert ({"error": {"code": "c", "message": "m"}}, False) == (whole, complete)


class TestPieces:
    @given(texts=pieces, thoughts=pieces, summary=pieces, arguments=pieces)
    def test_texts_are_joined(
        self, texts: list[str], thoughts: list[str], summary: list[str], arguments: list[str]
    ) -> None:
        """Whatever pieces words, reasoning and arguments come in, they are whole again."""
        body = (
            event("response.output_item.added", output_index=0, item={"type": "reasoning"})
            + deltas("reasoning_summary_text", ["", *summary], output_index=0, summary_index=0)
            + deltas("reasoning_text", ["", *thoughts], output_index=0, content_index=0)
            + deltas("output_text", ["", *texts], output_index=1, content_index=0)
            + event("response.output_item.added", output_index=2, item={"type": "function_call", "arguments": ""})
            + deltas("function_call_arguments", ["", *arguments], output_index=2)
        )

        assert [
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "".join(summary)}],
                "content": [{"type": "reasoning_text", "text": "".join(thoughts)}],
            },
            {"type": "message", "content": [{"type": "output_text", "text": "".join(texts)}]},
            {"type": "function_call", "arguments": "".join(arguments)},
        ] == output_of(body)

    def test_what_is_said_at_the_end_goes_before_its_pieces(self) -> None:
        """A text that is done, a block that is done, an item that is done: each is right about what came before."""
        place: dict[str, Any] = {"output_index": 0, "content_index": 0}
        bodies = [
            event("response.output_text.done", text="ab", **place),
            event("response.content_part.done", part={"type": "output_text", "text": "ab"}, **place),
            event("response.output_item.done", output_index=0, item={"content": [{"text": "ab"}]}),
        ]
        texts = [output_of(deltas("output_text", ["a"], **place) + body)[0]["content"][0]["text"] for body in bodies]

        assert ["ab"] * 3 == texts

    def test_an_end_that_says_nothing_takes_nothing(self) -> None:
        """An item that is done without its words keeps those that came."""
        body = deltas("output_text", ["a"], output_index=0) + event(
            "response.output_item.done", output_index=0, item={}
        )

        assert "a" == output_of(body)[0]["content"][0]["text"]

    def test_the_beginning_may_hold_the_first_piece(self) -> None:
        """A host may start a text before its pieces."""
        begun = event("response.content_part.added", output_index=0, part={"type": "output_text", "text": "a"})

        assert "ab" == output_of(begun + deltas("output_text", ["b"], output_index=0))[0]["content"][0]["text"]


class TestLast:
    def test_its_output_is_the_answer(self) -> None:
        """What came in pieces is only a part of it."""
        assert [{"id": "1"}] == output_of(deltas("output_text", ["a"]) + last(output=[{"id": "1"}]))

    @pytest.mark.parametrize("response", [{}, {"output": []}, {"output": None}], ids=repr)
    def test_without_output_the_pieces_are(self, response: Any) -> None:
        """Some hosts do not say it all again."""
        assert 1 == len(output_of(deltas("output_text", ["a"]) + last(**response)))

    def test_nulls_take_nothing_back(self) -> None:
        """What an earlier event said stays, unless a later one says something else."""
        body = event("response.created", response={"id": "1", "model": "m", "status": "in_progress"})
        whole, _ = fold_events(body + last(id=None, model="n"))

        assert ("1", "n", "completed") == (whole["id"], whole["model"], whole["status"])


class TestPlaces:
    def test_an_id_goes_before_a_place(self) -> None:
        """Some hosts count every item as 0."""
        added = [
            event("response.output_item.added", output_index=0, item={"type": "function_call", "id": name})
            for name in "ab"
        ]
        body = b"".join(added) + deltas("function_call_arguments", ["1"], item_id="a", output_index=0)

        assert ["1", None] == [item.get("arguments") for item in output_of(body)]

    def test_a_new_id_at_a_known_place_is_the_same_item(self) -> None:
        """Some hosts give an item another id in each event."""
        body = b"".join(deltas("output_text", [text], item_id=text, output_index=0) for text in "ab")

        assert ["ab"] == [item["content"][0]["text"] for item in output_of(body)]

    def test_a_piece_without_a_place_goes_to_the_last_of_its_kind(self) -> None:
        """Words go on in the last message, and begin one where there is none."""
        call = event("response.output_item.added", item={"type": "function_call", "name": "f"})
        body = deltas("output_text", ["a"]) + call + deltas("output_text", ["b"])

        assert ["message", "function_call"] == [item["type"] for item in output_of(body)]
        assert "ab" == output_of(body)[0]["content"][0]["text"]

    def test_an_unknown_event_changes_nothing(self) -> None:
        """Whatever is new in a stream does not disturb it."""
        news = event("response.dance.delta", delta="x", output_index=0) + event("ping") + event("response.")

        assert output_of(deltas("output_text", ["a"])) == output_of(news + deltas("output_text", ["a"]) + news)
