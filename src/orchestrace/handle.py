"""The handle of what is running: say more about the current invocation or role, from anywhere inside of it."""

from __future__ import annotations

from orchestrace import conventions as names
from orchestrace.evaluations import Evaluation
from orchestrace.recording import lineage
from orchestrace.recording.guard import guarded
from orchestrace.recording.recording import Recording
from orchestrace.recording.reference import reference_of
from orchestrace.recording.remote import Remote
from orchestrace.recording.roles.iteration import Iteration
from orchestrace.recording.roles.judging import judge
from orchestrace.recording.roles.role import RUNS, Role
from orchestrace.recording.roles.turn import round_around
from orchestrace.recording.text import label

__all__ = ["Handle", "current", "reference"]


class Handle:
    """
    A running invocation or role. Its methods never raise; outside of a run they do nothing.

    Get it from `current()`, or from a decorator used as a context manager.
    """

    __slots__ = ("_recording",)

    def __init__(self, recording: Recording | None) -> None:
        self._recording = recording

    @property
    @guarded("reference", "")
    def reference(self) -> str:
        """
        What to keep to find the running invocation again: `{trace}-{span}-{unix seconds, hex}`, 58 characters.

        It is that of the innermost agent or workflow around, also in a worker or subprocess of it; of the role itself
        where there is none; empty outside.
        """
        return reference_of(self._recording)

    @guarded("set_key", None)
    def set_key(self, key: object) -> None:
        """Name the business object that the run is about: it stands on the run's span and on all that start after."""
        run = lineage.nearest(self._recording, *RUNS) or self._recording
        if run is not None:
            run.pass_on({names.KEY: label(key)})

    @guarded("set_output", None)
    def set_output(self, value: object) -> None:
        """Record `value` as the output, whatever the function returns."""
        if isinstance(self._recording, Role):
            self._recording.set_output(value)

    @guarded("evaluation", None)
    def evaluation(
        self,
        score: float | None = None,
        label: str | None = None,
        passed: bool | None = None,  # noqa: FBT001 - in the order of `Evaluation`
        feedback: str | None = None,
        name: str | None = None,
    ) -> None:
        """Record a verdict on what runs here, as an evaluator's would be; the arguments are those of `Evaluation`."""
        if self._recording is None:
            return
        verdict = Evaluation(score, label, passed, feedback, name or self._recording.name)
        judge(self._recording, [verdict])
        self._recording.announce()
        turn = round_around(self._recording)
        if turn is not None:
            turn.verdicts.append(verdict)

    @guarded("tag", None)
    def tag(self, *tags: str) -> None:
        """Mark the run: each tag becomes `orchestrace.tag.<name>` = true here and on all that start after."""
        run = lineage.nearest(self._recording, *RUNS) or self._recording
        if run is not None:
            run.pass_on({names.TAG_PREFIX + label(one): True for one in tags})


@guarded("current", Handle(None))
def current() -> Handle:
    """Return the handle of the innermost invocation or role that is running here; outside of one it does nothing."""
    inner = (
        one
        for one in lineage.upwards(lineage.current())
        if isinstance(one, (Role, Remote)) and not isinstance(one, Iteration)
    )
    return Handle(next(inner, None))


def reference() -> str | None:
    """Return `current().reference`, or None outside of a run."""
    return current().reference or None
