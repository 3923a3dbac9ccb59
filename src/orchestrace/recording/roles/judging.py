"""Write verdicts onto the span of whoever gave them, and tell the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrace import conventions as names
from orchestrace.recording.recording import Recording
from orchestrace.recording.roles.declaration import Verdict
from orchestrace.recording.snapshot import encode
from orchestrace.recording.text import label, written
from orchestrace.typing import Attributes, AttributeValue

__all__ = ["judge", "verdict_attributes"]


def judge(recording: Recording, verdicts: Sequence[Verdict], *, by: Attributes | None = None) -> None:
    """
    Record what `recording` found: one verdict as attributes of its span, several as a list, each as an event.

    Several verdicts passed if all of them that say so did. `by` is who judged, for the events in the context of what
    was judged: there it stands on no span around.
    """
    if not verdicts:
        return
    content = recording.content
    for verdict in verdicts:
        recording.span.add_event(names.EVALUATION_RESULT_EVENT, verdict_attributes(verdict, content=content))
    _publish(recording, verdicts, by or {})
    if len(verdicts) == 1:
        recording.put(verdict_attributes(verdicts[0], content=content))
        return
    said = [verdict.passed for verdict in verdicts if verdict.passed is not None]
    recording.put({names.EVALUATION_NAME: recording.name} | ({names.EVALUATION_PASSED: all(said)} if said else {}))
    if content:
        recording.put({names.EVALUATIONS: encode([_fields(verdict) for verdict in verdicts])})


def _publish(recording: Recording, verdicts: Sequence[Verdict], by: Attributes) -> None:
    """Emit each verdict in the context of what was judged, and measure its score."""
    from orchestrace.recording import clock, events  # noqa: PLC0415 - all of these, where something was judged
    from orchestrace.recording.measuring import meter  # noqa: PLC0415
    from orchestrace.recording.measuring.run import verdict_measurements  # noqa: PLC0415

    if not events.is_silent():
        content, judged = events.may_say(recorded=recording.content), recording.judged
        for verdict in verdicts:
            said = {**by, **verdict_attributes(verdict, content=content)}
            events.emit(names.EVALUATION_RESULT_EVENT, said, judged, severity=events.INFO, at=clock.now())
    measured = (one for verdict in verdicts for one in verdict_measurements(recording, verdict))
    meter.measure(measured, recording.span)


def verdict_attributes(verdict: Verdict, *, content: bool) -> dict[str, AttributeValue]:
    """Return a verdict in the names of the conventions."""
    known = {
        names.EVALUATION_NAME: _said(verdict.name, label),
        names.EVALUATION_SCORE: verdict.score,
        names.EVALUATION_LABEL: _said(verdict.label, label),
        names.EVALUATION_PASSED: verdict.passed,
        names.EVALUATION_EXPLANATION: _said(verdict.feedback, _whole) if content else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _said(text: str | None, write: Callable[[str], str]) -> str | None:
    return None if text is None else write(text)


def _whole(text: str) -> str:
    return written(text)[0]


def _fields(verdict: Verdict) -> dict[str, object]:
    known = {name: getattr(verdict, name) for name in ("name", "score", "label", "passed", "feedback")}
    return {name: value for name, value in known.items() if value is not None}
