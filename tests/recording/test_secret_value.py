from __future__ import annotations

from typing import Any

import pytest

from orchestrace.recording.masking import SECRET
from orchestrace.recording.secret_value import without_secrets


class TestWithoutSecrets:
    @pytest.mark.parametrize("name", ["authorization_token", "Authorization", "api_key", "password"])
    def test_a_text_under_a_telling_name_is_masked(self, name: str) -> None:
        """However short and plain a secret is, its name gives it away, wherever it stands."""
        assert {"servers": [{name: SECRET, "url": "u"}]} == without_secrets({"servers": [{name: "abc", "url": "u"}]})

    @pytest.mark.parametrize(
        "value",
        [
            {"max_tokens": 5, "stop_token": "END", "prompt_cache_key": "k"},
            {"properties": {"password": {"type": "string"}}, "required": ["password"]},
            {"authorization_token": None, "api_key": ""},
            ["password", 1, None, "x"],
        ],
        ids=repr,
    )
    def test_everything_else_stays(self, value: Any) -> None:
        """What only speaks about secrets holds none, and nothing is nothing."""
        assert value == without_secrets(value)

    def test_what_is_too_deep_to_look_through_is_not_shown(self) -> None:
        """A secret cannot hide behind the depth of its place."""
        value: Any = {"password": "abc"}
        for _ in range(500):
            value = [value]

        assert "abc" not in repr(without_secrets(value))
