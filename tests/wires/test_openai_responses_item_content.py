from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.openai_responses_item_content import read_block, read_content


class TestReadContent:
    @pytest.mark.parametrize("content", [None, "", []], ids=repr)
    def test_an_empty_content_has_no_part(self, content: Any) -> None:
        """Who says nothing has no words."""
        assert [] == read_content(content)

    @pytest.mark.parametrize("kind", ["input_text", "output_text", "text"])
    def test_a_text_is_a_block_of_text(self, kind: str) -> None:
        """A content may be a text alone, and whoever says it."""
        assert read_content("hi") == read_content([{"type": kind, "text": "hi"}])


class TestReadBlock:
    def test_what_is_empty_says_nothing(self) -> None:
        """Lists without an item and nulls are no facts; what else a block says stands beside its words."""
        block: Any = {"type": "output_text", "text": "a", "annotations": [], "logprobs": None, "x": 0}

        assert {"type": "text", "content": "a", "x": 0} == read_block(block)

    @pytest.mark.parametrize(
        ("block", "expected"),
        [
            ({"file_data": "aGk="}, {"type": "blob", "modality": "document", "content": "aGk="}),
            (
                {"file_data": "data:text/plain;base64,aGk="},
                {"type": "blob", "modality": "document", "mime_type": "text/plain", "content": "aGk="},
            ),
            (
                {"file_id": "f", "filename": "a"},
                {"type": "file", "modality": "document", "file_id": "f", "filename": "a"},
            ),
            ({"filename": "a"}, {"type": "input_file", "filename": "a"}),
        ],
        ids=repr,
    )
    def test_a_file_is_where_it_is(self, block: Any, expected: Any) -> None:
        """A file comes with its data, or is the provider's; one that is nowhere is kept as it is."""
        assert expected == read_block({"type": "input_file", **block})

    @pytest.mark.parametrize("block", [None, 7, "x", [], {}, {"type": 7}, {"type": "text"}], ids=repr)
    def test_what_is_no_block_is_unknown(self, block: Any) -> None:
        """No part is half a part."""
        assert "unknown" == read_block(block)["type"]
