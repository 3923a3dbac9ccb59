"""Collect the rows that stand under a span's heading: what went wrong first, then what it is about, then its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from orchestrace import conventions as names
from orchestrace.cli import attribute, figures, wording
from orchestrace.cli.content import Content, answer_of
from orchestrace.cli.row import Row
from orchestrace.cli.state import BAD, WARNING
from orchestrace.cli.verdict import verdicts_of
from orchestrace.journal.row import CALL, OUTCOME_PREFIX, role_of
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch
from orchestrace.typing import AttributeValue

__all__ = ["details"]

_EXCEPTION: Final = names.EXCEPTION_TYPE.partition(".")[0]
_IDENTITY: Final = {
    "key": names.KEY,
    "session": names.SESSION_ID,
    "conversation": names.CONVERSATION_ID,
    "user": names.USER_ID,
    "tenant": names.TENANT,
}
_INHERITED: Final = (*_IDENTITY.values(), names.AGENT_NAME, names.ITERATION_INDEX)
_PREFIXED: Final = {"tags": names.TAG_PREFIX, "experiments": names.EXPERIMENT_PREFIX}


def details(branch: Branch, *, above: SpanRecord | None, full: bool) -> Iterator[Row]:
    """
    Return the rows of a span. `above` is its parent, if that is in the tree.

    An error stands where it comes from and at the top, not at every step between.
    """
    span = branch.span
    if above is None:
        yield Row("started", figures.moment(span.start, zone=True))
        yield Row("trace", span.trace_id)
    yield from _identity(span, above)
    summary = attribute.text(span.attributes, names.SUMMARY)
    if summary and (full or role_of(span) in ("agent", "workflow")):
        yield Row("summary", summary, "bold", lines=2)
    if above is None or full or not _comes_from_below(branch):
        yield from _error(span, full=full)
    detail = attribute.text(span.attributes, names.STOP_DETAIL)
    if detail:
        yield Row("stopped", detail, WARNING, lines=2)
    yield from _verdicts(span)
    yield from _configuration(span, full=full)
    yield from _outcome(span)
    known = next((answer_of(child.span) for child in branch.children if role_of(child.span) == CALL), None)
    content = Content(span, full=full, known=known)
    yield from content.rows()
    if full:
        yield from _rest(span, above, content.read)


def _identity(span: SpanRecord, above: SpanRecord | None) -> Iterator[Row]:
    """Say whom a span is about, where its parent does not say the same."""
    own = _without_inherited(span, above)
    for label, name in _IDENTITY.items():
        value = own.get(name)
        if value is not None and not (label == "conversation" and value == own.get(names.SESSION_ID)):
            yield Row(label, str(value))
    for label, prefix in _PREFIXED.items():
        found = {name.removeprefix(prefix): value for name, value in own.items() if name.startswith(prefix)}
        if found:
            yield Row(label, ", ".join(name if value is True else f"{name}: {value}" for name, value in found.items()))


def _without_inherited(span: SpanRecord, above: SpanRecord | None) -> Mapping[str, AttributeValue]:
    parents = above.attributes if above is not None else {}
    return {name: value for name, value in span.attributes.items() if parents.get(name) != value}


def _error(span: SpanRecord, *, full: bool) -> Iterator[Row]:
    raised = next((event.attributes for event in reversed(span.events) if event.name == _EXCEPTION), {})
    kind = attribute.text(span.attributes, names.ERROR_TYPE) or attribute.text(raised, names.EXCEPTION_TYPE)
    message = span.status_message or attribute.text(raised, names.EXCEPTION_MESSAGE)
    status = attribute.integer(span.attributes, names.HTTP_STATUS)
    if span.status == "ERROR":
        words = [kind or "", f"(HTTP {status})" if status is not None else ""]
        yield Row("error", ": ".join(filter(None, (" ".join(filter(None, words)), message))) or "unknown", BAD, lines=4)
    body = attribute.text(span.attributes, names.RESPONSE_BODY)
    if body and (full or not message):
        yield Row("body", body, lines=2)
    stack = attribute.text(raised, names.EXCEPTION_STACKTRACE)
    if full and stack:
        yield Row("stack", stack)


def _comes_from_below(branch: Branch) -> bool:
    """Tell whether a call inside failed with the words that this one failed with."""
    own = branch.span.status_message or ""
    failed = [child.span for child in branch.children if child.span.status == "ERROR"]
    return any((span.status_message or "") in own for span in failed)


def _verdicts(span: SpanRecord) -> Iterator[Row]:
    verdicts = verdicts_of(span)
    for verdict in verdicts:
        if len(verdicts) > 1:
            words = verdict.words()
            feedback = f"  {verdict.feedback}" if verdict.feedback else ""
            yield Row(verdict.name or "verdict", f"{words.plain}{feedback}", str(words.style), lines=4)
        elif verdict.feedback:
            yield Row("feedback", verdict.feedback, str(verdict.words().style), lines=4)


def _configuration(span: SpanRecord, *, full: bool) -> Iterator[Row]:
    digest = attribute.text(span.attributes, names.AGENT_CONFIG_HASH)
    config = attribute.document(span.attributes, names.AGENT_CONFIG)
    if digest or config is not None:
        said = "" if config is None else wording.fields(config, full=full)
        yield Row("config", ("\n" if full else "  ").join(filter(None, [f"hash {digest}" if digest else "", said])))
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
    for name, value in span.attributes.items():
        if name.startswith(OUTCOME_PREFIX):
            yield Row(name.removeprefix(OUTCOME_PREFIX), str(value), lines=2)


def _rest(span: SpanRecord, above: SpanRecord | None, read: set[str]) -> Iterator[Row]:
    """Show what no row has shown, under the names that it has in any other tool."""
    own = _without_inherited(span, above)
    yield Row("span", span.span_id)
    if span.scope:
        yield Row("written by", f"{span.scope} {span.scope_version}".rstrip())
    rest = {name: value for name, value in span.attributes.items() if name not in read}
    shown = {name: value for name, value in rest.items() if name in own or name not in _INHERITED}
    if shown:
        yield Row("attributes", wording.fields(shown, full=True))
    for event in span.events:
        if event.name != _EXCEPTION:
            yield Row("event", f"{event.name}\n{wording.fields(dict(event.attributes), full=True)}")
    for link in span.links:
        yield Row("link", f"span {link.span_id} of trace {link.trace_id}")
