"""Why OpenAI and the hosts that speak like it stop, in the words of the conventions."""

from __future__ import annotations

from typing import Final

__all__ = ["FINISH_REASONS"]

FINISH_REASONS: Final = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "error": "error",
    "insufficient_system_resource": "error",
}
"""OpenAI's words and, beside them, what Together, Hugging Face, Mistral, Z.ai and DeepSeek say."""
