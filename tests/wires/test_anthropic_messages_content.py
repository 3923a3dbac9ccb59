from __future__ import annotations

import pytest

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.anthropic_messages_content import read_content


class TestReadContent:
    @pytest.mark.parametrize("content", [None, "", []], ids=repr)
    def test_an_empty_content_has_no_part(self, content: JSON) -> None:
        """Who says nothing has no words."""
        assert [] == read_content(content)

    def test_a_text_is_a_block_of_text(self) -> None:
        """A content may be a text alone."""
        assert read_content("hi") == read_content([{"type": "text", "text": "hi"}])

    @pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
    def test_a_call_without_a_name_is_kept_as_it_is(self, kind: str) -> None:
        """A part that calls nothing would not be a call."""
        block: JSONObject = {"type": kind, "id": "1", "input": {}}

        assert [block] == read_content([block])

    @pytest.mark.parametrize("kind", ["redacted_thinking", "search_result", "compaction", "container_upload"])
    def test_what_the_conventions_do_not_have_is_kept_as_it_is(self, kind: str) -> None:
        """A cipher that nobody can read is kept too: the next request brings it back, and shall be rebuilt."""
        block: JSONObject = {"type": kind, "data": "EvgF", "cache_control": {"type": "ephemeral"}}

        assert [block] == read_content([block])

    @pytest.mark.parametrize("kind", ["web_search", "web_fetch", "code_execution", "tool_search", "something_new"])
    def test_the_result_of_any_server_tool_is_read(self, kind: str) -> None:
        """Tools of the provider come and go; their results are known by the end of their type."""
        block: JSONObject = {"type": f"{kind}_tool_result", "tool_use_id": "1", "content": {"type": "error"}}

        assert [
            {
                "type": "server_tool_call_response",
                "id": "1",
                "server_tool_call_response": {"type": kind, "content": {"type": "error"}},
            }
        ] == read_content([block])

    @pytest.mark.parametrize(
        "source",
        [
            {"type": "text", "media_type": "text/plain", "data": "Ten years at sea."},
            {"type": "content", "content": [{"type": "text", "text": "Ten years at sea."}]},
            {"type": "content", "content": "Ten years at sea."},
        ],
        ids=repr,
    )
    def test_a_document_of_words_stays_readable(self, source: JSONObject) -> None:
        """Words that stand in the request itself are no data to be put away, whatever they are called."""
        block: JSONObject = {"type": "document", "source": source, "title": "CV"}

        assert [block] == read_content([block])

    def test_an_address_may_hold_its_data(self) -> None:
        """A `data:` URL is a blob here too."""
        source: JSONObject = {"type": "url", "url": "data:image/png;base64,aGk="}

        assert [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}] == read_content(
            [{"type": "image", "source": source}]
        )
