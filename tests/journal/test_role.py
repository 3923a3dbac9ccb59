from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.journal.role import role_of
from orchestrace.records import SpanRecord


class TestRoleOf:
    @pytest.mark.parametrize(
        ("attributes", "role"),
        [
            ({names.ROLE: "generator"}, "generator"),
            ({names.ROLE: "agent", names.OPERATION_NAME: "invoke_agent"}, "agent"),
            ({names.OPERATION_NAME: "invoke_agent"}, "agent"),
            ({names.OPERATION_NAME: "invoke_workflow"}, "workflow"),
            ({names.OPERATION_NAME: "execute_tool"}, "tool"),
            ({names.OPERATION_NAME: "retrieval"}, "retriever"),
            ({names.OPERATION_NAME: "chat"}, "call"),
            ({names.OPERATION_NAME: "embeddings"}, "call"),
            ({names.OPERATION_NAME: ["odd"]}, None),
            ({names.OUTCOME_PREFIX + "name": "replied", names.ROLE: "agent"}, "outcome"),
            ({}, None),
        ],
    )
    def test_is_what_a_reader_looks_for(
        self, span: Callable[..., SpanRecord], attributes: dict[str, str], role: str | None
    ) -> None:
        """Our own role, or what the operation of another library's span says."""
        assert role == role_of(span(attributes=attributes))
