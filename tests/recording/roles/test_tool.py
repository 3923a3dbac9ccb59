from __future__ import annotations

import pytest

import orchestrace
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
