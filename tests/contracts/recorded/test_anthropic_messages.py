"""What the span of a recorded Anthropic message says, of Anthropic itself and by way of Bedrock."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Played = Any
"""What was played, as `conftest.py` says."""

OPERATIONS = {"invoke", "messages"}
CALLS = {"mcp_tool_use": "server_tool_call", "server_tool_use": "server_tool_call", "tool_use": "tool_call"}


# -- what a recording says --------------------------------------------------------------------------------------------
def answer_of(played: Played) -> dict[str, Any]:
    """Return a whole message, of a stream what its events say together."""
    if not played.recording.streaming:
        return dict(json.loads(played.recording.body))
    whole: dict[str, Any] = {"content": []}
    for event in played.events():
        if event["type"] == "message_start":
            whole |= event["message"] | {"content": []}
        elif event["type"] == "content_block_start":
            whole["content"].append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            grow(whole["content"][event["index"]], event["delta"])
        elif event["type"] == "message_delta":
            whole |= event["delta"] | {"usage": whole["usage"] | event["usage"]}
    for block in whole["content"]:
        if block.get("json"):
            block["input"] = json.loads(block["json"])
    return whole


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a piece to a block."""
    for kind, key in {"text": "text", "thinking": "thinking", "partial_json": "json", "content": "content"}.items():
        if kind in delta:
            block[key] = (block.get(key) or "") + delta[kind]


def said(message: dict[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    """Read a message: who speaks, and the pieces in order."""
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return message["role"], [piece_of(block) for block in blocks]


def piece_of(block: dict[str, Any]) -> tuple[str, Any]:
    """Read a block of a content."""
    kind = block["type"]
    if kind in CALLS:
        return CALLS[kind], (block["id"], block["name"], block["input"])
    if kind in {"image", "document"}:
        source = block["source"]
        if source["type"] in {"base64", "url"}:
            return ("uri", source["url"]) if source["type"] == "url" else ("blob", digest(source["data"]))
        return source["type"] if source["type"] == "file" else kind, None
    if kind == "tool_result":
        answer = block.get("content", "")
        pieces = answer if isinstance(answer, str) else [list(piece_of(inner)) for inner in answer]
        return "tool_call_response", (block["tool_use_id"], pieces)
    if kind.endswith("_tool_result"):
        return "server_tool_call_response", (block["tool_use_id"], True)
    return ("reasoning", block["thinking"]) if kind == "thinking" else (kind, block.get("text", block.get("content")))


def digest(data: str) -> str:
    """Return what tells one piece of data from another."""
    return hashlib.sha256(data.encode()).hexdigest()


def tokens(usage: dict[str, Any]) -> dict[str, int]:
    """Return the tokens that were counted; what the cache did is a part of what was asked."""
    read, written = (usage.get(f"cache_{kind}_input_tokens") for kind in ("read", "creation"))
    counted = {
        "input_tokens": usage["input_tokens"] + (read or 0) + (written or 0),
        "output_tokens": usage["output_tokens"],
        "cache_read.input_tokens": read,
        "cache_write.input_tokens": written,
    }
    return {kind: count for kind, count in counted.items() if count is not None}


def words_of(content: Any) -> str:
    """Return the words of a content that is a text or a list of blocks."""
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


# -- tests ------------------------------------------------------------------------------------------------------------
class TestSpan:
    def test_says_what_was_asked(self, played: Played) -> None:
        """Instructions, messages and tools stand as they were sent, each with its pieces in order."""
        asked, attributes = played.asked(), played.attributes()
        system = json.loads(attributes.get("gen_ai.system_instructions", "[]"))
        tools = json.loads(attributes.get("gen_ai.tool.definitions", "[]"))

        assert [said(message) for message in asked["messages"]] == played.written("input")
        assert words_of(asked.get("system", "")) == "".join(part["content"] for part in system)
        assert [tool["name"] for tool in asked.get("tools", [])] == [tool["name"] for tool in tools]

    def test_says_what_was_answered(self, played: Played) -> None:
        """Identity, words, finish reasons and tokens are those of the recording."""
        if played.failed:
            return
        answer, attributes = answer_of(played), played.attributes()
        counted = tokens(answer["usage"])

        assert answer["id"] == attributes["gen_ai.response.id"]
        assert answer["model"] == attributes["gen_ai.response.model"]
        assert [said(answer)] == played.written("output")
        assert (answer["stop_reason"],) == attributes["orchestrace.response.finish_reasons"]
        assert counted == {kind: attributes.get(f"gen_ai.usage.{kind}") for kind in counted}
