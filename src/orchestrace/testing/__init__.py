"""A public test kit: captured spans as a readable tree, a replay server, a pytest plugin."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrace.testing.answer import Answer, Cut, Pause, Piece, server_sent_event
    from orchestrace.testing.anthropic_answer import anthropic_message
    from orchestrace.testing.capturing import capture
    from orchestrace.testing.certificates import Certificates
    from orchestrace.testing.memory import Memory
    from orchestrace.testing.model_answer import ToolCall
    from orchestrace.testing.openai_answer import openai_chat
    from orchestrace.testing.otlp import OtlpReceiver, Reply
    from orchestrace.testing.private_provider import IncrementalIds
    from orchestrace.testing.recording import Recording, recordings
    from orchestrace.testing.replay import ReplayServer, UnexpectedRequestError, refused_endpoint
    from orchestrace.testing.request import Request
    from orchestrace.testing.silence import silent_endpoint
    from orchestrace.testing.spans import Spans
    from orchestrace.testing.step_clock import StepClock

__all__ = [
    "Answer",
    "Certificates",
    "Cut",
    "IncrementalIds",
    "Memory",
    "OtlpReceiver",
    "Pause",
    "Piece",
    "Recording",
    "ReplayServer",
    "Reply",
    "Request",
    "Spans",
    "StepClock",
    "ToolCall",
    "UnexpectedRequestError",
    "anthropic_message",
    "capture",
    "openai_chat",
    "recordings",
    "refused_endpoint",
    "server_sent_event",
    "silent_endpoint",
]

_HOME: Final = {
    "Answer": "answer",
    "Certificates": "certificates",
    "Cut": "answer",
    "IncrementalIds": "private_provider",
    "Memory": "memory",
    "OtlpReceiver": "otlp",
    "Pause": "answer",
    "Piece": "answer",
    "Recording": "recording",
    "ReplayServer": "replay",
    "Reply": "otlp",
    "Request": "request",
    "Spans": "spans",
    "StepClock": "step_clock",
    "ToolCall": "model_answer",
    "UnexpectedRequestError": "replay",
    "anthropic_message": "anthropic_answer",
    "capture": "capturing",
    "openai_chat": "openai_answer",
    "recordings": "recording",
    "refused_endpoint": "replay",
    "server_sent_event": "answer",
    "silent_endpoint": "silence",
}
"""Where a name lives. The pytest plugin is loaded in every run, so that nothing is imported here before it is used."""


def __getattr__(name: str) -> object:
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
