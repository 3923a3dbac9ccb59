"""What the span of a recorded chat completion says of its messages, on all hosts that speak OpenAI's format."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Played = Any
"""What was played, as `conftest.py` says."""

OPERATIONS = {"chat.completions"}


# -- what a recording says --------------------------------------------------------------------------------------------
def answer_of(played: Played) -> dict[str, Any]:
    """Return a whole chat completion, of a stream what its chunks say together."""
    if not played.recording.streaming:
        return dict(json.loads(played.recording.body))
    whole: dict[str, Any] = {"choices": {}, "usage": None, "model": None, "id": None}
    for chunk in played.events():
        whole |= {key: whole[key] or chunk.get(key) for key in ("model", "id")}
        whole["usage"] = chunk.get("usage") or whole["usage"]
        for piece in chunk.get("choices", ()):
            choice = whole["choices"].setdefault(piece["index"], {"message": {}, "finish_reason": None})
            choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
            for key, value in piece.get("delta", {}).items():
                if key == "tool_calls":
                    grow_calls(choice["message"].setdefault(key, []), value)
                elif key in {"content", "reasoning", "reasoning_content", "refusal"} and isinstance(value, str):
                    choice["message"][key] = choice["message"].get(key, "") + value
    return whole | {"choices": [whole["choices"][index] for index in sorted(whole["choices"])]}


def grow_calls(calls: list[dict[str, Any]], pieces: list[dict[str, Any]] | None) -> None:
    """Add what a chunk says of tool calls: a name begins a call, arguments without one go on."""
    for piece in pieces or ():
        function = piece["function"]
        if function.get("name"):
            calls.append({"id": piece.get("id"), "function": {"name": function["name"], "arguments": ""}})
        calls[-1]["function"]["arguments"] += function.get("arguments") or ""


def said(message: dict[str, Any], role: str) -> tuple[str, list[tuple[str, Any]]]:
    """Read a message: who speaks, and the pieces in order."""
    role = message.get("role", role)
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
    pieces = [piece_of(block) for block in blocks]
    if role in {"tool", "function"}:
        answer = [list(piece) for piece in pieces] if isinstance(content, list) else content
        return role, [("tool_call_response", (message.get("tool_call_id"), answer))]
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    refusal = message.get("refusal")
    functions = [{"function": message["function_call"]}] if message.get("function_call") else []
    calls = [*(message.get("tool_calls") or ()), *functions]
    told = [(call.get("id"), call["function"]["name"], call["function"]["arguments"]) for call in calls]
    return role, [
        *([("reasoning", reasoning)] if reasoning else []),
        *pieces,
        *([("refusal", refusal)] if refusal else []),
        *(("tool_call", (name, called, arguments_of(arguments))) for name, called, arguments in told),
    ]


def arguments_of(text: Any) -> Any:
    """Return the arguments of a call as the model meant them."""
    return json.loads(text) if isinstance(text, str) and text else text or None


def piece_of(block: dict[str, Any]) -> tuple[str, Any]:
    """Read a block of a content."""
    kind = block["type"]
    if kind == "image_url":
        address = block[kind] if isinstance(block[kind], str) else block[kind]["url"]
        return ("blob", digest(address.partition(",")[2])) if address.startswith("data:") else ("uri", address)
    if kind == "file":
        data = block[kind].get("file_data", "").partition(",")[2]
        return ("blob", digest(data)) if data else (kind, None)
    if kind == "thinking":  # Mistral's
        return "reasoning", "".join(inner["text"] for inner in block[kind])
    if kind == "input_audio":
        return "blob", digest(block[kind]["data"])
    return kind, block[kind]


def digest(data: str) -> str:
    """Return what tells one piece of data from another."""
    return hashlib.sha256(data.encode()).hexdigest()


def tokens(usage: dict[str, Any] | None) -> dict[str, int | None]:
    """Return the tokens that were counted, and the two that must not be there where none were."""
    if not usage:
        return {"input_tokens": None, "output_tokens": None}
    details = usage.get("prompt_tokens_details") or {}
    asked, total = usage["prompt_tokens"], usage["total_tokens"]
    read = details.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))
    counted = {"input_tokens": asked, "output_tokens": total - asked}
    return counted | ({} if read is None else {"cache_read.input_tokens": read})


# -- tests ------------------------------------------------------------------------------------------------------------
class TestSpan:
    def test_says_what_was_asked(self, played: Played) -> None:
        """Messages stand as they were sent, each with its role and its pieces in order."""
        assert [said(message, "?") for message in played.asked()["messages"]] == played.written("input")

    def test_says_what_was_answered(self, played: Played) -> None:
        """Identity, words, finish reasons and tokens are those of the recording."""
        if played.failed:
            return
        answer, attributes = answer_of(played), played.attributes()
        reasons = [choice["finish_reason"] for choice in answer["choices"] if choice["finish_reason"]]
        counted = tokens(answer["usage"])

        assert answer["id"] == attributes.get("gen_ai.response.id")
        assert answer.get("model") == attributes.get("gen_ai.response.model")
        assert [said(choice["message"], "assistant") for choice in answer["choices"]] == played.written("output")
        assert tuple(reasons) == attributes.get("orchestrace.response.finish_reasons", ())
        assert counted == {kind: attributes.get(f"gen_ai.usage.{kind}") for kind in counted}
