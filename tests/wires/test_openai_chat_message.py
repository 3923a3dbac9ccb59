from __future__ import annotations

import pytest

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.openai_chat_message import read_message


class TestReadMessage:
    def test_a_message_without_a_role_has_the_given_one(self) -> None:
        """The deltas of a stream and the answers of some hosts name no role."""
        assert ["assistant", "user"] == [
            read_message(said, "assistant")["role"] for said in ({"content": "hi"}, {"role": "user"})
        ]

    def test_parts_stand_in_the_order_of_their_making(self) -> None:
        """A model reasons, speaks or declines, and then calls."""
        said: JSONObject = {
            "tool_calls": [{"function": {"name": "f"}}],
            "refusal": "no",
            "content": "but",
            "reasoning_content": "hm",
        }

        assert ["reasoning", "text", "refusal", "tool_call"] == [
            part["type"] for part in read_message(said, "assistant")["parts"]
        ]

    @pytest.mark.parametrize("content", [None, "", []], ids=repr)
    def test_an_empty_content_has_no_part(self, content: JSON) -> None:
        """Who says nothing has no words."""
        assert {"role": "assistant", "parts": []} == read_message({"content": content}, "assistant")

    def test_what_else_is_said_stands_beside_the_parts(self) -> None:
        """Fields of compatible hosts are kept, nulls and empty lists are not."""
        said: JSONObject = {"role": "user", "content": None, "images": ["aGk="], "annotations": [], "audio": None}

        assert {"role": "user", "parts": [], "images": ["aGk="]} == read_message(said, "user")

    @pytest.mark.parametrize("content", [{"a": 1}, 7, False], ids=repr)
    def test_a_tools_answer_is_kept_as_it_is(self, content: JSON) -> None:
        """Whatever a tool gave back is its response."""
        assert [{"type": "tool_call_response", "response": content}] == read_message(
            {"role": "tool", "content": content}, "user"
        )["parts"]
