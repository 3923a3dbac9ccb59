"""What the span of a recorded call of OpenAI's responses says, on all hosts that speak them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Played = Any
"""What was played, as `conftest.py` says."""

OPERATIONS = {"responses", "responses.retrieve"}


# -- what a recording says --------------------------------------------------------------------------------------------
def answer_of(played: Played) -> dict[str, Any]:
    """Return the response, of a stream the one that its last event holds."""
    if not played.recording.streaming:
        return dict(json.loads(played.recording.body))
    return dict(played.events()[-1]["response"])


def asked_of(given: str | list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
    """Return all pieces of an input in order, with who says each."""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return [piece for item in items for piece in pieces_of(item)]


def pieces_of(item: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Read an item, asked or answered."""
    kind = item.get("type", "message")
    if kind == "message":
        content = item["content"]
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
        return [(item["role"], *block_of(block)) for block in blocks]
    if kind == "reasoning":
        texts = [*item["summary"], *(item.get("content") or ())]
        return [("assistant", kind, block["text"]) for block in texts]
    if kind == "function_call" or item.get("execution") == "client":
        name, arguments = item.get("name", kind.removesuffix("_call")), item["arguments"]
        told = json.loads(arguments) if isinstance(arguments, str) else arguments
        return [("assistant", "tool_call", (item["call_id"], name, told))]
    if kind == "function_call_output":
        told = item["output"]
        answer = told if isinstance(told, str) else [list(block_of(block)) for block in told]
        return [("tool", "tool_call_response", (item["call_id"], answer))]
    return provided(item, kind)


def provided(item: dict[str, Any], kind: str) -> list[tuple[str, str, Any]]:
    """Read what the provider did by itself: called a tool of its own, drew a picture, wrote a summary."""
    if kind == "compaction":
        return [("assistant", kind, None)]
    is_call = kind.endswith("_call") or kind == "mcp_list_tools"
    called = ("assistant", "tool of the provider", item.get("call_id") or (item["id"] if is_call else None))
    picture = item.get("result") if kind == "image_generation_call" else None
    return [called, *([("assistant", "blob", digest(picture))] if picture else [])]


def block_of(block: dict[str, Any]) -> tuple[str, Any]:
    """Read a block of a content; a medium is a file that the provider has, data, or an address."""
    if block["type"] not in {"input_file", "input_image"}:
        return "text", block["text"]
    if block.get("file_id"):
        return "file", None
    address = block.get("image_url") or block.get("file_url") or block["file_data"]
    return ("blob", digest(address.partition(",")[2])) if address.startswith("data:") else ("uri", address)


def digest(data: str) -> str:
    """Return what tells one piece of data from another."""
    return hashlib.sha256(data.encode()).hexdigest()


def written(messages: list[tuple[str, list[tuple[str, Any]]]]) -> list[tuple[str, str, Any]]:
    """Return all pieces of what a span says, without those that hold nothing to read."""
    found: list[tuple[str, str, Any]] = []
    for role, pieces in messages:
        for kind, said in pieces:
            if kind in {"server_tool_call", "server_tool_call_response"}:
                if (one := (role, "tool of the provider", said[0])) not in found:
                    found.append(one)
            elif kind != "redacted_reasoning":
                found.append((role, kind, said))
    return found


def distinct(pieces: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    """Return pieces without what a tool of the provider says again: its call and its result are one thing."""
    return [one for at, one in enumerate(pieces) if one[1] != "tool of the provider" or one not in pieces[:at]]


def tokens(usage: dict[str, Any] | None) -> dict[str, int | None]:
    """Return the tokens that were counted, and those that must not be there where none were."""
    if not usage:
        return {"input_tokens": None, "output_tokens": None}
    return {
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cache_read.input_tokens": usage["input_tokens_details"]["cached_tokens"],
        "reasoning.output_tokens": usage["output_tokens_details"]["reasoning_tokens"],
    }


# -- tests ------------------------------------------------------------------------------------------------------------
class TestSpan:
    def test_says_what_was_asked(self, played: Played) -> None:
        """Instructions, tools and all items of the input stand as they were sent, in order."""
        asked, attributes = played.asked(), played.attributes()
        system = json.loads(attributes.get("gen_ai.system_instructions", "[]"))
        tools = json.loads(attributes.get("gen_ai.tool.definitions", "[]"))

        assert distinct(asked_of(asked.get("input", []))) == written(played.written("input"))
        assert asked.get("instructions", "") == "".join(part["content"] for part in system)
        assert [tool.get("name") or tool["type"] for tool in asked.get("tools", [])] == [tool["name"] for tool in tools]
        assert asked.get("previous_response_id") == attributes.get("gen_ai.request.previous_response.id")

    def test_says_what_was_answered(self, played: Played) -> None:
        """Identity, everything that the model said and did, and tokens are those of the recording."""
        if played.failed:
            return
        answer, attributes = answer_of(played), played.attributes()
        counted = tokens(answer["usage"] if played.operation == "responses" else None)
        pieces = [piece for item in answer["output"] for piece in pieces_of(item)]

        assert answer["id"] == attributes["gen_ai.response.id"]
        assert answer["model"] == attributes["gen_ai.response.model"]
        assert distinct(pieces) == written(played.written("output"))
        assert counted == {kind: attributes.get(f"gen_ai.usage.{kind}") for kind in counted}

    def test_says_why_it_ended(self, played: Played) -> None:
        """A response that is complete has stopped, or waits for the program's tools."""
        if played.failed or answer_of(played)["status"] != "completed":
            return
        calls = [kind for item in answer_of(played)["output"] for _, kind, _ in pieces_of(item)]

        assert ("tool_call" if "tool_call" in calls else "stop",) == played.attributes()[
            "gen_ai.response.finish_reasons"
        ]
