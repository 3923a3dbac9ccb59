from __future__ import annotations

import pytest

from orchestrace.recording import tracer
from orchestrace.recording.arguments import Call
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.roles.role import Subject
from orchestrace.testing import Spans

ROLES = ["agent", "workflow", "generator", "evaluator", "tool", "retriever"]


class TestBegin:
    @pytest.mark.parametrize("role", ROLES)
    def test_every_role_has_its_recording(self, orchestrace_spans: Spans, role: str) -> None:
        """By the word of the declaration."""
        begun = begin(Declaration(role=role), "x", Call())

        assert begun is not None
        assert (role, [f"{begun.verb} x"]) == (begun.role, [span.name for span in orchestrace_spans.running])

    def test_a_method_that_calls_the_one_it_overrides_is_one_call(self, orchestrace_spans: Spans) -> None:
        """Through `super()`; the same method again is a call of its own."""
        declared = Declaration(role="agent")
        outer = begin(declared, "x", Call(), Subject(1, "run", len))
        assert outer is not None
        with outer.scope:
            overridden = begin(declared, "x", Call(), Subject(1, "run", repr))
            again = begin(declared, "x", Call(), Subject(1, "run", len))

        assert (None, False) == (overridden, again is None)
        assert 2 == len(orchestrace_spans.running)

    def test_without_a_provider_nothing_begins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There would be nobody to hear of it."""
        monkeypatch.setattr("orchestrace.recording.roles.parts.is_silent", lambda: True)
        monkeypatch.setattr(tracer, "_warn_once", lambda: None)

        assert begin(Declaration(role="tool"), "x", Call()) is None
