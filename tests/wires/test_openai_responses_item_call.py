from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.openai_responses_item_call import further_of, is_hosted, read_call


class TestIsHosted:
    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({"type": "function_call"}, False),
            ({"type": "custom_tool_call"}, False),
            ({"type": "computer_call"}, False),
            ({"type": "web_search_call"}, True),
            ({"type": "x_search_call"}, True),
            ({"type": "mcp_list_tools"}, True),
            ({"type": "tool_search_call", "execution": "server"}, True),
            ({"type": "tool_search_call", "execution": "client"}, False),
            ({"type": "shell_call"}, False),
            ({"type": "shell_call", "environment": {"type": "local"}}, False),
            ({"type": "shell_call", "environment": {"type": "container_reference"}}, True),
        ],
        ids=repr,
    )
    def test_the_type_tells_or_the_item(self, item: Any, expected: bool) -> None:  # noqa: FBT001
        """The program runs its own tools, and some built-in ones; an unknown tool is the provider's."""
        assert expected is is_hosted(item)


class TestReadCall:
    @pytest.mark.parametrize("kind", ["function_call", "custom_tool_call"])
    def test_a_call_without_a_name_is_kept_as_it_is(self, kind: str) -> None:
        """A part that calls nothing would not be a call."""
        assert [{"type": kind, "call_id": "1"}] == read_call({"type": kind, "call_id": "1", "name": None})

    def test_a_call_without_an_id_has_its_items(self) -> None:
        """A host may name only the item."""
        (part,) = read_call({"type": "function_call", "id": "fc_1", "name": "f", "arguments": "{}"})

        assert ("fc_1", {}) == (part["id"], part["arguments"])

    @pytest.mark.parametrize(
        ("item", "kinds"),
        [
            ({"type": "code_interpreter_call", "code": "1", "outputs": []}, ["server_tool_call"]),
            (
                {"type": "code_interpreter_call", "code": "1", "outputs": [{"type": "logs", "logs": "1"}]},
                ["server_tool_call", "server_tool_call_response"],
            ),
            ({"type": "image_generation_call", "result": "aGk="}, ["server_tool_call", "blob"]),
            ({"type": "image_generation_call", "result": None}, ["server_tool_call"]),
        ],
        ids=repr,
    )
    def test_what_a_tool_gave_is_a_part_if_it_gave_something(self, item: Any, kinds: list[str]) -> None:
        """A call that has no answer yet has none."""
        assert kinds == [part["type"] for part in read_call(item)]

    @pytest.mark.parametrize(
        ("form", "expected"), [(None, "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")], ids=repr
    )
    def test_a_picture_has_its_type(self, form: Any, expected: str) -> None:
        """Where nobody says what a picture is, it is what OpenAI makes."""
        part = read_call({"type": "image_generation_call", "result": "aGk=", "output_format": form})[1]

        assert expected == part["mime_type"]


class TestFurther:
    def test_nothing_is_left_out_but_what_is_empty(self) -> None:
        """The item's own id stands beside that of the call."""
        item: Any = {"id": "1", "type": "t", "read": 1, "empty": [], "null": None, "more": 2}

        assert {"item_id": "1", "more": 2} == further_of(item, {"read"})
