from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.openai_responses_item import read_input, read_output

CALL: dict[str, Any] = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}
RESULT: dict[str, Any] = {"type": "function_call_output", "call_id": "1", "output": "ok"}
THOUGHT: dict[str, Any] = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}


def user(text: str) -> dict[str, Any]:
    """Return a message of the user's."""
    return {"role": "user", "content": text}


def model(text: str) -> dict[str, Any]:
    """Return a message of the model's."""
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def turns(items: list[Any]) -> list[tuple[str, list[str]]]:
    """Return who speaks, and the types of what is said."""
    return [(message["role"], [str(part["type"]) for part in message["parts"]]) for message in read_input(items)]


class TestTurns:
    @pytest.mark.parametrize("given", [None, "", [], 7, [None], [7]], ids=repr)
    def test_nothing_is_no_turn(self, given: Any) -> None:
        """Who asks nothing has no message."""
        assert [] == read_input(given)

    def test_what_the_model_did_is_one_turn(self) -> None:
        """Reasoning, a call and words that follow each other are one message, in whatever order."""
        expected = ["reasoning", "tool_call", "text"]

        assert [("user", ["text"]), ("assistant", expected), ("tool", ["tool_call_response"])] == turns(
            [user("a"), THOUGHT, CALL, model("b"), RESULT]
        )
        assert [("assistant", ["text", "tool_call"])] == turns([model("b"), CALL])

    def test_two_messages_stay_two(self) -> None:
        """What was sent as two messages is no single one, whoever speaks."""
        assert ["user", "user", "assistant", "assistant"] == [
            role for role, _ in turns([user("a"), user("b"), model("c"), model("d")])
        ]

    def test_reasoning_goes_with_what_follows(self) -> None:
        """Reasoning between two messages of the model's stands before the second."""
        assert [("assistant", ["text", "reasoning"]), ("assistant", ["text"])] == turns(
            [model("a"), THOUGHT, model("b")]
        )

    def test_each_answer_is_a_message(self) -> None:
        """Two answers of tools are two messages, as in every other format."""
        assert ["tool", "tool"] == [role for role, _ in turns([RESULT, {**RESULT, "call_id": "2"}])]


class TestResults:
    def test_one_is_told_by_the_provider_or_by_the_program(self) -> None:
        """Who answers a shell's call depends on where it runs."""
        output: dict[str, Any] = {"type": "shell_call_output", "call_id": "1", "output": []}
        calls: list[dict[str, Any]] = [
            {"type": "shell_call", "call_id": "1", "action": {}, "environment": {"type": kind}}
            for kind in ("local", "container_auto")
        ]
        kinds = [[part["type"] for part in read_output([call, output])] for call in calls]

        assert [["tool_call", "tool_call_response"], ["server_tool_call", "server_tool_call_response"]] == kinds

    def test_blocks_of_a_result_are_parts(self) -> None:
        """A picture that a tool gave is one like any other."""
        picture = {"type": "input_image", "image_url": "https://example.com/a.png"}
        (part,) = read_output([{**RESULT, "output": [picture, {"exit": 0}]}])

        assert [{"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}, {"exit": 0}] == part[
            "response"
        ]


class TestReasoning:
    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({"summary": []}, ["redacted_reasoning"]),
            ({"summary": [], "encrypted_content": "gAAA"}, ["redacted_reasoning"]),
            ({"summary": [{"type": "summary_text", "text": "a"}]}, ["reasoning"]),
            (
                {"summary": [{"type": "summary_text", "text": "a"}], "encrypted_content": "g"},
                ["reasoning", "redacted_reasoning"],
            ),
            ({"content": [{"type": "reasoning_text", "text": "a"}]}, ["reasoning"]),
        ],
        ids=repr,
    )
    def test_says_that_there_is_more(self, item: Any, expected: list[str]) -> None:
        """What nobody can read is marked, and so is reasoning of which nothing is said at all."""
        assert expected == [part["type"] for part in read_output([{"type": "reasoning", **item}])]

    def test_a_cipher_is_kept_as_it_came(self) -> None:
        """Nobody can read it, but the next request has to hold it again."""
        assert [{"type": "redacted_reasoning", "item_id": "rs_1", "encrypted_content": "gAAA"}] == read_output(
            [{"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA"}]
        )
