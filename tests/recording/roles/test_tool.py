from __future__ import annotations

import pytest

import orchestrace
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import End
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.testing import Spans


class TestTool:
    @pytest.mark.parametrize(
        ("result", "recorded"),
        [
            ({"a": 1}, '{"a":1}'),
            ([1], '{"result":[1]}'),
            ("x", '{"result":"x"}'),
            (None, '{"result":null}'),
        ],
    )
    def test_arguments_and_result_are_objects(self, orchestrace_spans: Spans, result: object, recorded: str) -> None:
        """As the conventions want them, whatever the function returns."""

        @orchestrace.tool
        def search(name: str) -> object:
            """Search."""
            return result if name else None

        search("Ada")

        assert {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.description": "Search.",
            "gen_ai.tool.call.arguments": '{"name":"Ada"}',
            "gen_ai.tool.call.result": recorded,
        }.items() <= orchestrace_spans.attributes("execute_tool search").items()

    @pytest.mark.parametrize("ending", ["error", "abandoned", "interrupted"])
    def test_what_never_came_is_no_result(self, orchestrace_spans: Spans, ending: str) -> None:
        """A tool that did not return has not returned null."""
        tool = begin(Declaration(role="tool"), "search", Call())
        assert tool is not None
        tool.end(End(ending, tool.started + 1))

        assert "gen_ai.tool.call.result" not in orchestrace_spans.attributes("execute_tool search")
