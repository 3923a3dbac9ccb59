from __future__ import annotations

from opentelemetry import trace

import orchestrace
from orchestrace.testing import capture


def foreign_span() -> None:
    """Make a span as another library does, through the global provider."""
    with trace.get_tracer("another.library").start_as_current_span("GET /profiles"):
        pass


class TestInherit:
    def test_spans_of_other_libraries_carry_the_run(self) -> None:
        """Agent, key, session, user, tenant, tag and iteration stand on a span that we did not make."""

        @orchestrace.agent(name="Crafter", key="job", session="job", user="job", tenant="job")
        def craft(job: str) -> None:
            orchestrace.current().tag("trial")
            for _ in orchestrace.iterations(limit=1):
                foreign_span()

        with capture(as_global=True) as spans:
            craft("j1")

        assert {
            "gen_ai.agent.name": "Crafter",
            "orchestrace.key": "j1",
            "gen_ai.conversation.id": "j1",
            "session.id": "j1",
            "user.id": "j1",
            "orchestrace.tenant": "j1",
            "orchestrace.tag.trial": True,
            "orchestrace.iteration.index": 1,
        } == spans.attributes("GET /profiles")

    def test_nothing_is_left_for_whoever_comes_next(self) -> None:
        """A span outside of the run carries nothing of it."""
        with capture(as_global=True) as spans:
            with orchestrace.agent(name="Crafter"):
                pass
            foreign_span()

        assert {} == spans.attributes("GET /profiles")
