from __future__ import annotations

from typing import Any

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.settings import Settings


class TestSettings:
    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"content": "half"}, "'full', or 'off'"),
            ({"conventions": "old"}, "'current'"),
            ({"export": False, "endpoint": "http://localhost:4318"}, "leave endpoint="),
            ({"service_name": " "}, "OTEL_SERVICE_NAME"),
        ],
    )
    def test_what_cannot_be_meant_is_an_error_at_once(self, wrong: dict[str, Any], words: str) -> None:
        """The message says what to write instead."""
        with pytest.raises(ConfigurationError, match=words):
            Settings(**wrong)

    def test_everything_has_a_default(self) -> None:
        """No setting has to be given."""
        assert (True, None, False) == (Settings().instrument, Settings().content, Settings().isolated)
