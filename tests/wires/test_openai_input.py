from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.openai_input import read_inputs

TEXT, TOKENS = {"type": "text", "content": "Hi"}, {"type": "tokens", "content": [1, 2]}
IMAGE = {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}


class TestReadInputs:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (None, []),
            ("", []),
            ([], []),
            ("Hi", [[TEXT]]),
            (["Hi", "Hi"], [[TEXT], [TEXT]]),
            ([1, 2], [[TOKENS]]),
            ([[1, 2], [1, 2]], [[TOKENS], [TOKENS]]),
            (["Hi", [1, 2], ""], [[TEXT], [TOKENS], []]),
            ([{"type": "text", "text": "Hi"}, {"type": "text", "text": "Hi"}], [[TEXT, TEXT]]),
            ([{"text": "Hi"}, {"text": "Hi"}], [[TEXT], [TEXT]]),
            ([{"content": "Hi"}, {"content": [{"type": "text", "text": "Hi"}]}], [[TEXT], [TEXT]]),
            ({"text": "Hi"}, [[TEXT]]),
            ([{"text": "Hi", "image": "https://example.com/a.png"}], [[TEXT, IMAGE]]),
        ],
    )
    def test_each_input_is_a_message(self, given: Any, expected: list[Any]) -> None:
        """Texts, tokens, blocks, of one input or of several: of each input there is one message of the user's."""
        assert [{"role": "user", "parts": parts} for parts in expected] == read_inputs(given)

    def test_an_input_may_say_who_speaks(self) -> None:
        """Mistral judges conversations, too."""
        said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi"}]

        assert ["user", "assistant"] == [message["role"] for message in read_inputs(said)]
