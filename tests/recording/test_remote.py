from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext

import orchestrace
from orchestrace import Prompt
from orchestrace.messages import Usage
from orchestrace.recording import clock, lineage
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.remote import Remote
from orchestrace.recording.scope import Scope
from orchestrace.recording.usage import Used
from orchestrace.testing import Spans

SPAN = SpanContext(1, 2, is_remote=True)
PROMPT = PromptUse("draft", "3", "abc", "", {})


class TestRemote:
    def test_passes_on_what_it_was_told(self) -> None:
        """To whatever happens inside."""
        remote = Remote(SPAN, {"orchestrace.key": "x"}, PROMPT)

        assert {"orchestrace.key": "x"} == lineage.identity(remote)
        assert PROMPT.identity() == lineage.prompt(remote)

    def test_stands_alone(self, orchestrace_spans: Spans) -> None:
        """What runs here already is not around it."""
        with orchestrace.agent(name="Crafter"):
            assert Remote(SPAN, {}, None).parent is None

    def test_ends_where_it_began(self) -> None:
        """Not here."""
        remote = Remote(SPAN, {}, None)
        remote.end(End(RETURNED, clock.now()))

        assert not remote.is_open

    def test_sums_are_kept_there(self) -> None:
        """A process that lives on inside of one keeps nothing of the calls that it made."""
        remote = Remote(SPAN, {}, None)
        remote.totals.add(Used(Usage(input_tokens=1)))

        assert 0 == remote.totals.calls

    def test_what_is_rendered_here_counts(self) -> None:
        """The last prompt identifies the calls after it, wherever it was rendered."""
        remote = Remote(SPAN, {}, PROMPT)
        with Scope(lineage.entered(remote, Context())):
            Prompt("other", "Hi.", version="1").render()

        assert "other" == lineage.prompt(remote)["gen_ai.prompt.name"]
