from __future__ import annotations

from typing import Any

import pytest

from orchestrace.messages import Failure
from orchestrace.wires.anthropic_error import read_failure, read_hosted_failure

ANTHROPIC: dict[str, Any] = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


class TestReadFailure:
    def test_type_and_message_are_anthropics(self) -> None:
        """An error says what kind it is, and more in words, wherever the model runs."""
        assert [Failure("overloaded_error", "Overloaded")] * 2 == [
            read(ANTHROPIC) for read in (read_failure, read_hosted_failure)
        ]

    @pytest.mark.parametrize("body", [{}, {"error": None}, {"error": "no"}, {"message": "Not Found"}], ids=repr)
    def test_a_body_that_says_no_error_is_none(self, body: Any) -> None:
        """What is none of Anthropic's is not taken for it."""
        assert read_failure(body) is None


class TestReadHostedFailure:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"error": {"code": 404, "message": "No", "status": "NOT_FOUND"}}, Failure("NOT_FOUND", "No")),
            ({"message": "Malformed input"}, Failure("_OTHER", "Malformed input")),
            ({"Message": "No access"}, Failure("_OTHER", "No access")),
            ({}, None),
        ],
    )
    def test_each_cloud_says_it_in_its_way(self, body: Any, expected: Any) -> None:
        """Google names a status; Amazon says its kind in a header, and here a message alone."""
        assert expected == read_hosted_failure(body)
