from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.anthropic_messages import WIRE as ANTHROPIC
from orchestrace.wires.anthropic_messages_hosted import STREAM, WIRE, is_call

BODY: dict[str, Any] = {"anthropic_version": "v", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is a call of a model that Amazon hosts."""
    return str(recording["operation"]) in {"invoke", "invoke-with-response-stream"}


class TestIsCall:
    def test_the_version_tells(self, recording: dict[str, Any]) -> None:
        """Of all the makers whose models Amazon hosts, only Anthropic's bodies have its version."""
        assert is_call(recording["request"]["body"]) is ("anthropic" in recording["request"]["url"])

    @pytest.mark.parametrize("missing", BODY)
    def test_nothing_may_be_missing(self, missing: str) -> None:
        """Others may have a version, a limit or messages; nobody has all three."""
        assert [True, False] == [is_call(BODY), is_call({key: BODY[key] for key in BODY if key != missing})]


class TestWires:
    @pytest.mark.parametrize("wire", [WIRE, STREAM], ids=lambda wire: str(wire.name))
    def test_are_anthropics(self, wire: Any) -> None:
        """Operation and answers are the same; the path alone proves nothing."""
        assert (ANTHROPIC.operation, ANTHROPIC.read_response) == (wire.operation, wire.read_response)
        assert (ANTHROPIC.shares_paths, wire.shares_paths) == (False, True)
