"""A run of an agent, or of a workflow that holds several."""

from __future__ import annotations

from typing import ClassVar, Final

from orchestrace import conventions as names
from orchestrace.recording import exceptions
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import ABANDONED, CANCELLED, ERROR, INTERRUPTED, End
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.iteration import Iteration
from orchestrace.recording.roles.progress import STOPPED, Progress
from orchestrace.recording.roles.role import Role
from orchestrace.recording.roles.summary import summary
from orchestrace.recording.snapshot import encode
from orchestrace.recording.text import written
from orchestrace.typing import AttributeValue

__all__ = ["Agent", "Invocation", "Workflow"]

_ENDED_EARLY: Final = {ERROR: ERROR, CANCELLED: CANCELLED, ABANDONED: STOPPED}


class Invocation(Role):
    """A run: it knows its iterations and why it went no further."""

    __slots__ = ("_iterations", "progress")

    def __init__(self, declaration: Declaration, name: str, call: Call) -> None:
        self.progress: Progress = Progress()
        self._iterations: list[Iteration] = []
        super().__init__(declaration, name, call)

    def holds(self, iteration: Iteration) -> None:
        """Take note of an iteration that ends with the run, if nothing ends it before; loops can be nested."""
        self._iterations = [*self._still_open(), iteration]

    def goes_on(self) -> None:
        """End the iterations that were left: the run went on without them."""
        for iteration in self._iterations:
            if not iteration.streams.are_open:  # the run may return them
                iteration.settle()

    def _finish(self, end: End) -> None:
        for iteration in reversed(self._still_open()):
            iteration.settle(end, streamed=self.streams.live)
        self._iterations = []  # they hold us
        super()._finish(end)

    def _still_open(self) -> list[Iteration]:
        return [iteration for iteration in self._iterations if iteration.is_open]

    def _tell(self, end: End) -> None:
        super()._tell(end)
        if end.ending == INTERRUPTED:
            return
        accepted, stop = self._outcome(end)
        detail, scores, draft = self.progress.detail, self.progress.scores, self.progress.accepted
        known = {
            names.ITERATIONS: self.progress.count or None,
            names.ACCEPTED: accepted,
            names.ACCEPTED_ITERATION: self.progress.accepted_index,
            names.SUM_COST_UNTIL_ACCEPTED: None if draft is None else self.totals.cost_until(draft.over or end.at),
            names.SCORES: scores or None,
            names.STOP_REASON: stop,
            names.STOP_DETAIL: written(detail)[0] if self.content and detail is not None else None,
            names.SUMMARY: self._summary(end, stop),
        }
        self.put({name: value for name, value in known.items() if value is not None})

    def _outcome(self, end: End) -> tuple[bool | None, str]:
        accepted, stop = self.progress.outcome()
        return accepted, _ENDED_EARLY.get(end.ending) or stop or "returned"

    def _summary(self, end: End, stop: str) -> str:
        count = self.progress.count
        counted = f"{count} iteration{'s' * (count != 1)}, {stop}" if count else stop
        failed = end.ending == ERROR and end.error is not None
        opening = f"{counted} {exceptions.type_of(end.error)}" if failed and end.error is not None else counted
        return summary(opening, self.progress.last, self.totals, content=self.content)


class Agent(Invocation):
    """A run of one agent."""

    __slots__ = ()

    role = "agent"
    verb = "invoke_agent"
    operation = "invoke_agent"
    category = "AGENT"
    name_key: ClassVar[str] = names.AGENT_NAME

    def _identity(self, call: Call) -> dict[str, AttributeValue]:
        return super()._identity(call) | {names.AGENT_NAME: self.name}

    def _named(self) -> dict[str, AttributeValue]:
        said = {names.AGENT_VERSION: self.declaration.version, names.AGENT_DESCRIPTION: self.declaration.description}
        return super()._named() | {name: value for name, value in said.items() if value is not None}

    def _told(self, output: object) -> dict[str, AttributeValue]:
        told = super()._told(output)
        if told and self.content:
            from orchestrace.messages import text  # noqa: PLC0415 - 3 ms, wanted at the first end

            # Jaeger's GenAI view shows messages: so the reader of the trace sees what came out of the run.
            told[names.OUTPUT_MESSAGES] = encode([{"role": "assistant", "parts": [text(written(output)[0])]}])
        return told

    def _measure(self, end: End) -> None:
        from orchestrace.recording.measuring import meter  # noqa: PLC0415 - 1 ms at import, wanted at the first end
        from orchestrace.recording.measuring.run import agent_measurements  # noqa: PLC0415

        if not meter.is_silent():
            accepted, stop = (None, None) if end.ending == INTERRUPTED else self._outcome(end)
            version = self.declaration.version
            outcome = {names.AGENT_VERSION: version, names.ACCEPTED: accepted, names.STOP_REASON: stop}
            count = self.progress.count
            meter.measure(agent_measurements(self, end, iterations=count, outcome=outcome), self.span)


class Workflow(Invocation):
    """A run of a workflow."""

    __slots__ = ()

    role = "workflow"
    verb = "invoke_workflow"
    operation = "invoke_workflow"
    category = "CHAIN"
    name_key: ClassVar[str] = names.WORKFLOW_NAME

    def _measure(self, end: End) -> None:
        from orchestrace.recording.measuring import meter  # noqa: PLC0415 - as above
        from orchestrace.recording.measuring.run import workflow_measurements  # noqa: PLC0415

        meter.measure(workflow_measurements(self, end), self.span)
