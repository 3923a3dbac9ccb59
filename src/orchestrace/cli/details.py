"""Collect the rows under a span's heading: whom it is about, what went wrong, what it was set to, what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrace import conventions as names
from orchestrace.cli import attribute, figures, outcome_text, wording
from orchestrace.cli.content import Content, answer_of
from orchestrace.cli.difference import difference
from orchestrace.cli.row import Row
from orchestrace.cli.state import BAD, WARNING
from orchestrace.cli.verdict import verdicts_of
from orchestrace.journal.role import AGENT, CALL, ITERATION, OUTCOME, WORKFLOW, role_of
from orchestrace.recording.tracer import SCOPE
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch
from orchestrace.typing import Attributes

__all__ = ["details"]

_IDENTITY: Final = {
    "key": names.KEY,
    "session": names.SESSION_ID,
    "conversation": names.CONVERSATION_ID,
    "user": names.USER_ID,
    "tenant": names.TENANT,
}
_TECHNICAL: Final = (
    names.EVALUATOR_VERSION,
    names.EVALUATOR_KIND,
    names.EVALUATOR_RUBRIC,
    names.EVALUATOR_RUBRIC_HASH,
    names.SERVER_ADDRESS,
    names.SERVER_PORT,
    names.RESPONSE_ID,
    names.RESPONSE_MODEL,
    names.RESPONSE_RAW_FINISH_REASONS,
    names.RESPONSE_CHUNKS,
    names.USAGE_CACHE_WRITE,
    names.COST_REASON,
    names.COST_SOURCE,
    names.SUM_COST_REASON,
    names.SUM_COST_UNTIL_ACCEPTED,
    names.OPENAI_RESPONSE_SERVICE_TIER,
    names.OPENAI_SYSTEM_FINGERPRINT,
)
"""What whoever asks a provider's support wants to know, and nobody else."""
_PREFIXES: Final = tuple(name for name in names.NAMES if name.endswith("."))
_LISTED: Final = {"tags": names.TAG_PREFIX, "experiments": names.EXPERIMENT_PREFIX}


def details(
    branch: Branch, *, above: SpanRecord | None, full: bool, change: tuple[str, str] | None = None
) -> Iterator[Row]:
    """
    Return the rows of a span. `above` is its parent, if that is in the tree.

    An error stands where it comes from and at the top, not at every step between. `change` is the draft before, and the
    one that this span has made of it.
    """
    span = branch.span
    if above is None:
        yield Row("started", figures.moment(span.start, zone=True))
        yield Row("trace", span.trace_id)
    yield from _identity(span, above)
    summary = attribute.text(span.attributes, names.SUMMARY)
    if summary and (full or role_of(span) in (AGENT, WORKFLOW)):
        yield Row("summary", summary, "bold", lines=2)
    yield from _came_of_it(branch)
    yield from _error(branch, full=full, at_top=above is None)
    detail = attribute.text(span.attributes, names.STOP_DETAIL)
    if detail:
        yield Row("stopped", detail, WARNING, lines=2)
    yield from _verdicts(span)
    if role_of(span) != OUTCOME or above is None:  # else it is the run's, which says it
        yield from _configuration(span, full=full)
    yield from _outcome(span)
    known = _shown_inside(branch)
    yield from Content(span, full=full, known=known).rows()
    if change is not None:
        yield from _change(*change)
    if full:
        yield from _rest(span)


def _shown_inside(branch: Branch) -> str | None:
    """Return the output that a reader finds below: the answer of a model call, of an iteration its draft."""
    if role_of(branch.span) == ITERATION:
        own = attribute.text(branch.span.attributes, names.OUTPUT_VALUE)
        below = [attribute.text(child.span.attributes, names.OUTPUT_VALUE) for child in branch.children]
        return own if own in below else None
    return next((answer_of(child.span) for child in branch.children if role_of(child.span) == CALL), None)


def _identity(span: SpanRecord, above: SpanRecord | None) -> Iterator[Row]:
    """Say whom a span is about, where its parent does not say the same."""
    own = _without_inherited(span, above)
    for label, name in _IDENTITY.items():
        value = own.get(name)
        if value is not None and not (label == "conversation" and value == own.get(names.SESSION_ID)):
            yield Row(label, str(value))
    for label, prefix in _LISTED.items():
        found = {name.removeprefix(prefix): value for name, value in own.items() if name.startswith(prefix)}
        if found:
            yield Row(label, ", ".join(name if value is True else f"{name}: {value}" for name, value in found.items()))


def _without_inherited(span: SpanRecord, above: SpanRecord | None) -> Attributes:
    parents: Attributes = above.attributes if above is not None else {}
    return {name: value for name, value in span.attributes.items() if parents.get(name) != value}


def _came_of_it(branch: Branch) -> Iterator[Row]:
    """Say at the run what stands below all of it: its outcomes, without what was corrected."""
    told = [child.span for child in branch.children if role_of(child.span) == OUTCOME]
    corrected = {span.attributes.get(names.OUTCOME_CORRECTS) for span in told}
    said = [outcome_text.summed_up(span.attributes) for span in told if span.span_id not in corrected]
    if said:
        yield Row("outcomes", ", ".join(said), "bold", lines=2)


def _error(branch: Branch, *, full: bool, at_top: bool) -> Iterator[Row]:
    span = branch.span
    raised = _raised(span)
    kind = attribute.text(span.attributes, names.ERROR_TYPE) or attribute.text(raised, names.EXCEPTION_TYPE)
    message = span.status_message or attribute.text(raised, names.EXCEPTION_MESSAGE)
    status = attribute.integer(span.attributes, names.HTTP_STATUS)
    if span.status == "ERROR" and (at_top or not _failed_below(branch, message or "")):
        words = [kind or "", f"(HTTP {status})" if status is not None else ""]
        yield Row("error", ": ".join(filter(None, (" ".join(filter(None, words)), message))) or "unknown", BAD, lines=4)
    body = attribute.text(span.attributes, names.RESPONSE_BODY)
    if body and (full or not message):
        yield Row("body", body, lines=2)
    stack = attribute.text(raised, names.EXCEPTION_STACKTRACE)
    if full and stack and not any(_raised(one) for one in _below(branch)):
        yield Row("stack", stack)


def _raised(span: SpanRecord) -> Attributes:
    """Return what is known of the exception that came out of a call."""
    return next((event.attributes for event in reversed(span.events) if event.name == names.EXCEPTION_EVENT), {})


def _failed_below(branch: Branch, message: str) -> bool:
    """Tell whether a call inside failed with words that this one's error repeats."""
    inside = [span.status_message or "" for span in _below(branch) if span.status == "ERROR"]
    return any(words in message if words else not message for words in inside)


def _below(branch: Branch) -> Iterator[SpanRecord]:
    waiting = list(branch.children)
    while waiting:
        inner = waiting.pop()
        yield inner.span
        waiting += inner.children


def _verdicts(span: SpanRecord) -> Iterator[Row]:
    verdicts = verdicts_of(span)
    for verdict in verdicts:
        if len(verdicts) > 1:
            words = verdict.words()
            feedback = f": {verdict.feedback}" if verdict.feedback else ""
            yield Row(verdict.name or "verdict", f"{words.plain}{feedback}", str(words.style), lines=4)
        elif verdict.feedback:
            yield Row("feedback", verdict.feedback, str(verdict.words().style), lines=4, prose=True)


def _change(before: str, after: str) -> Iterator[Row]:
    if before == after:
        yield Row("changed", "nothing: the same as the draft before", WARNING)
    else:
        yield Row("changed", after, lines=4, pieces=tuple(difference(before, after)))


def _configuration(span: SpanRecord, *, full: bool) -> Iterator[Row]:
    digest = attribute.text(span.attributes, names.AGENT_CONFIG_HASH)
    config = attribute.document(span.attributes, names.AGENT_CONFIG)
    if digest or config is not None:
        said = "" if config is None else wording.fields(config, full=full)
        yield Row("config", ("\n" if full else ", ").join(filter(None, [f"hash {digest}" if digest else "", said])))
    prompts = {
        name.removeprefix(names.PROMPTS_PREFIX): str(value)
        for name, value in span.attributes.items()
        if name.startswith(names.PROMPTS_PREFIX)
    }
    named = set(prompts) - {"generator", "evaluator"}  # each stands under its part too, for searching
    shown = {part: prompts[part] for part in prompts if part in named or prompts[part] not in map(prompts.get, named)}
    if shown:
        yield Row("prompts", ", ".join(f"{part} {identity}" for part, identity in shown.items()), "cyan", lines=2)


def _outcome(span: SpanRecord) -> Iterator[Row]:
    value = span.attributes.get(names.OUTCOME_VALUE)
    in_heading = {names.OUTCOME_NAME, names.OUTCOME_SOURCE, names.OUTCOME_RATER, names.OUTCOME_AT}
    in_heading |= set() if outcome_text.is_cut(value) else {names.OUTCOME_VALUE}
    for name, said in span.attributes.items():
        if name.startswith(names.OUTCOME_PREFIX) and name not in in_heading:
            yield Row(name.removeprefix(names.OUTCOME_PREFIX), str(said), lines=2)


def _rest(span: SpanRecord) -> Iterator[Row]:
    """Show what is left: what other libraries say, and what only specialists ask for, in its own names."""
    yield Row("span", span.span_id)
    if span.scope not in ("", SCOPE):
        yield Row("written by", f"{span.scope} {span.scope_version}".rstrip())
    left = {name: value for name, value in span.attributes.items() if name in _TECHNICAL or not _is_known(name)}
    if left:
        yield Row("attributes", wording.fields(left, full=True))
    for event in span.events:
        if event.name not in (names.EXCEPTION_EVENT, names.EVALUATION_RESULT_EVENT):
            yield Row("event", "\n".join(filter(None, [event.name, wording.fields(dict(event.attributes), full=True)])))
    for link in span.links:
        yield Row("link", f"span {link.span_id} of trace {link.trace_id}")


def _is_known(name: str) -> bool:
    return name in names.NAMES or name.startswith((*_PREFIXES, names.OUTCOME_PREFIX))
