from __future__ import annotations

from typing import Any

import pytest

from orchestrace.messages import Failure
from orchestrace.wires.openai_error import read_failure


class TestReadFailure:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"error": {"message": "No", "type": "t", "code": "c"}}, Failure("c", "No")),
            ({"error": {"message": "No", "type": "t", "code": None}}, Failure("t", "No")),
            ({"error": {"message": "No", "code": 404}}, Failure("404", "No")),
            ({"error": "No"}, Failure("_OTHER", "No")),
            ({"message": "No", "type": "t"}, Failure("t", "No")),
            ({"detail": [{"msg": "No"}]}, Failure("_OTHER", '[{"msg": "No"}]')),
            ({"error": None}, None),
            ({"id": "cmpl-1"}, None),
            ({}, None),
        ],
    )
    def test_hosts_say_it_in_their_own_ways(self, body: dict[str, Any], expected: Failure | None) -> None:
        """A code says more than a type; what says nothing is no error."""
        assert expected == read_failure(body)
