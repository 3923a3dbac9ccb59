"""Accountable LLM agents: every invocation one OpenTelemetry trace that tells the whole story."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orchestrace.decorators import agent, evaluator, generator, retriever, tool, workflow
from orchestrace.evaluations import Evaluation
from orchestrace.handle import current, reference
from orchestrace.loop import iterations
from orchestrace.prompts import Example, Prompt
from orchestrace.recording.content import content

if TYPE_CHECKING:
    from orchestrace.assignment import assign
    from orchestrace.configuration import configure, flush, shutdown, status
    from orchestrace.conversation import messages_of
    from orchestrace.identity import experiment, session
    from orchestrace.instrumentation import instrument, uninstrument
    from orchestrace.model_calls import llm_call
    from orchestrace.outcomes import record_outcome
    from orchestrace.propagation import environment, extract, inject
    from orchestrace.recording.by_reference import ByReference, fingerprint, register_reference

__all__ = [
    "ByReference",
    "Evaluation",
    "Example",
    "Prompt",
    "agent",
    "assign",
    "configure",
    "content",
    "current",
    "environment",
    "evaluator",
    "experiment",
    "extract",
    "fingerprint",
    "flush",
    "generator",
    "inject",
    "instrument",
    "iterations",
    "llm_call",
    "messages_of",
    "record_outcome",
    "reference",
    "register_reference",
    "retriever",
    "session",
    "shutdown",
    "status",
    "tool",
    "uninstrument",
    "workflow",
]

_LOADED_WHEN_USED = {
    "ByReference": "recording.by_reference",
    "assign": "assignment",
    "configure": "configuration",
    "environment": "propagation",
    "experiment": "identity",
    "extract": "propagation",
    "fingerprint": "recording.by_reference",
    "flush": "configuration",
    "inject": "propagation",
    "instrument": "instrumentation",
    "llm_call": "model_calls",
    "messages_of": "conversation",
    "record_outcome": "outcomes",
    "register_reference": "recording.by_reference",
    "session": "identity",
    "shutdown": "configuration",
    "status": "configuration",
    "uninstrument": "instrumentation",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - see the imports for type checkers above
    if name not in _LOADED_WHEN_USED:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = globals()[name] = getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
