from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.wires.anthropic_messages_stream import fold_events

pieces = st.lists(st.text(max_size=4), max_size=5)


def event(kind: str, **fields: Any) -> bytes:
    """Return an event as a server sends it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def block(start: dict[str, Any], *deltas: dict[str, Any], index: int = 0) -> bytes:
    """Return the events of a block."""
    begun = event("content_block_start", index=index, content_block=start)
    return begun + b"".join(event("content_block_delta", index=index, delta=delta) for delta in deltas)


def content_of(body: bytes) -> Any:
    """Return the blocks of a stream."""
    return fold_events(body)[0]["content"]


class TestComplete:
    def test_message_stop_ends_a_stream(self) -> None:
        """Without the last event a stream is not complete, whatever came before it."""
        body = event("message_start", message={}) + event("message_delta", delta={"stop_reason": "end_turn"})

        assert [False, True] == [fold_events(body)[1], fold_events(body + event("message_stop"))[1]]

    def test_an_event_without_its_end_has_not_come(self) -> None:
        """A last event that is cut off before its blank line is none."""
        assert fold_events(event("message_stop")[:-1])[1] is False


class TestPieces:
    @given(texts=pieces, thoughts=pieces)
    def test_texts_are_joined(self, texts: list[str], thoughts: list[str]) -> None:
        """Whatever pieces words and reasoning come in, they are whole again."""
        thinking = ({"type": "thinking_delta", "thinking": piece} for piece in thoughts)
        text = ({"type": "text_delta", "text": piece} for piece in texts)
        body = block({"type": "thinking", "thinking": ""}, *thinking) + block(
            {"type": "text", "text": ""}, *text, index=1
        )

        assert [
            {"type": "thinking", "thinking": "".join(thoughts)},
            {"type": "text", "text": "".join(texts)},
        ] == content_of(body)

    def test_input_is_parsed_when_it_is_whole(self) -> None:
        """Input grows as a text; what never becomes JSON stays one, and none leaves what the start said."""
        sent = [['{"a"', ": 1}"], ['{"a"'], [""], []]
        blocks = [
            block({"input": {}}, *({"type": "input_json_delta", "partial_json": piece} for piece in some), index=index)
            for index, some in enumerate(sent)
        ]

        assert [{"a": 1}, '{"a"', {}, {}] == [each["input"] for each in content_of(b"".join(blocks))]

    def test_tokens_are_replaced_not_added(self) -> None:
        """The counts of `message_delta` are cumulative; those that it leaves out or has as null stay."""
        start = event("message_start", message={"usage": {"input_tokens": 5, "output_tokens": 1, "cache": 3}})
        delta = event("message_delta", usage={"input_tokens": None, "output_tokens": 9})

        assert {"input_tokens": 5, "output_tokens": 9, "cache": 3} == fold_events(start + delta)[0]["usage"]

    def test_a_piece_without_index_belongs_to_the_last_block(self) -> None:
        """Where nobody says which block goes on, it is the one that began last."""
        piece = event("content_block_delta", delta={"type": "text_delta", "text": "b"})
        body = block({"type": "text", "text": "a"}) + block({"type": "text", "text": ""}, index=1) + piece

        assert ["a", "b"] == [each["text"] for each in content_of(body)]

    def test_a_block_that_begins_without_index_is_the_next(self) -> None:
        """Where nobody counts the blocks, or each is number 0, every beginning is another block."""
        start = {"type": "text", "text": ""}
        pieces = [event("content_block_delta", delta={"type": "text_delta", "text": text}) for text in "ab"]
        uncounted = b"".join(event("content_block_start", content_block=start) + piece for piece in pieces)
        alike = b"".join(block(start, {"type": "text_delta", "text": text}) for text in "ab")

        assert [["a", "b"]] * 2 == [[each["text"] for each in content_of(body)] for body in (uncounted, alike)]

    def test_blocks_may_grow_beside_each_other(self) -> None:
        """Pieces go to the block that they name; blocks stand in the order of their numbers."""
        starts = block({"type": "text", "text": ""}, index=1) + block({"type": "text", "text": ""})
        grown = [(0, "a"), (1, "x"), (0, "b"), (1, "y")]
        pieces = [
            event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})
            for index, text in grown
        ]

        assert ["ab", "xy"] == [each["text"] for each in content_of(starts + b"".join(pieces))]

    def test_a_fallback_names_who_answers(self) -> None:
        """Where another model takes over, the answer is of that one."""
        start = event("message_start", message={"model": "a"})
        taken = block({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}})

        assert "b" == fold_events(start + taken)[0]["model"]

    def test_an_unknown_delta_changes_nothing(self) -> None:
        """A kind of piece that nobody knows does not disturb its block."""
        body = block({"type": "text", "text": "a"}, {"type": "new_delta", "text": "b"}, {})

        assert [{"type": "text", "text": "a"}] == content_of(body)

    def test_the_name_of_an_event_says_its_type_too(self) -> None:
        """A proxy may leave the type to the event's name."""
        assert {"error": {"message": "No"}, "usage": {}} == fold_events(b'event: error\ndata: {"message": "No"}\n\n')[0]
