"""Show the content of a span: the prompt, what went in, what was said, what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

from orchestrace import conventions as names
from orchestrace.cli import attribute, wording
from orchestrace.cli.row import Row
from orchestrace.cli.verdict import verdicts_of
from orchestrace.journal.role import AGENT, CALL, EVALUATOR, role_of
from orchestrace.recording.ending import DRAINED, RETURNED
from orchestrace.records import SpanRecord

__all__ = ["Content", "answer_of"]

_PARAMETERS: Final = (
    names.REQUEST_TEMPERATURE,
    names.REQUEST_TOP_P,
    names.REQUEST_MAX_TOKENS,
    names.REQUEST_STOP_SEQUENCES,
    names.REQUEST_REASONING_LEVEL,
    names.OUTPUT_TYPE,
)
_EARLIER: Final = 4
"""Roles of earlier messages that are named."""


def answer_of(span: SpanRecord) -> str | None:
    """Return the words of a model's first answer; None if there are none."""
    said = attribute.document(span.attributes, names.OUTPUT_MESSAGES)
    return wording.message(said[0])[1] if isinstance(said, list) and said else None


class Content:
    """
    What one span says, as rows, in the order in which it happened.

    Shortened, what a reader has elsewhere is left out: arguments that are the variables of the prompt, a verdict that
    was read, and where the answer is `known` from the model call inside, that as an output, and the variables that its
    prompt was made of. What a run was given is always said.
    """

    def __init__(self, span: SpanRecord, *, full: bool, known: str | None = None) -> None:
        self._span = span
        self._full = full
        self._known = known

    def rows(self) -> Iterator[Row]:
        """Return the rows."""
        return chain(self._prompt(), self._input(), self._request(), self._answer(), self._output(), self._cut())

    def _prompt(self) -> Iterator[Row]:
        shown = self._full or role_of(self._span) != CALL  # the role above a call says it as well
        known = [self._text(name) for name in (names.PROMPT_NAME, names.PROMPT_VERSION)]
        if shown and known[0]:
            identity = "@".join(filter(None, known))
            yield Row("prompt", "\n".join(filter(None, [identity, self._hash(names.PROMPT_HASH)])), "cyan")
        if self._full:
            yield from self._row("template", names.PROMPT_TEMPLATE, wording.plain, prose=True)
        if self._full or self._known is None:
            yield from self._row("variables", names.PROMPT_VARIABLES, self._fields, lines=2)
        if shown and names.FEW_SHOT_HASH in self._span.attributes:
            examples = wording.examples(self._document(names.FEW_SHOT), full=self._full)
            digest = self._hash(names.FEW_SHOT_HASH, always=not examples)
            yield Row("few-shot", "\n".join(filter(None, [examples, digest])))

    def _input(self) -> Iterator[Row]:
        if self._full or role_of(self._span) == AGENT or names.PROMPT_VARIABLES not in self._span.attributes:
            yield from self._row("input", names.INPUT_VALUE, self._fields, lines=2)
        yield from self._row("arguments", names.TOOL_CALL_ARGUMENTS, self._fields, lines=2)
        query = self._text(names.RETRIEVAL_QUERY)
        if query:
            yield Row("query", query)

    def _request(self) -> Iterator[Row]:
        yield from self._parameters()
        yield from self._row("tools", names.TOOL_DEFINITIONS, lambda given: wording.tools(given, full=self._full))
        yield from self._row(
            "system", names.SYSTEM_INSTRUCTIONS, lambda parts: wording.message({"parts": parts})[1], prose=True
        )
        spoken = [wording.message(one) for one in self._list(names.INPUT_MESSAGES)]
        if self._full:
            yield from (Row(role, words, prose=True) for role, words in spoken)
            return
        if len(spoken) > 1:
            earlier = [role for role, _ in spoken[:-1]]
            gap = ["…"] if len(earlier) > _EARLIER else []
            yield Row("earlier", f"{len(earlier)} messages: {', '.join(gap + earlier[-_EARLIER:])}", "dim")
        for role, words in spoken[-1:]:
            yield Row(role, words, lines=2, prose=True)

    def _parameters(self) -> Iterator[Row]:
        given: Any = self._document(names.REQUEST_PARAMETERS)
        if not isinstance(given, dict):  # content is off, or another library wrote the span
            said = self._span.attributes
            given = {name.rpartition(".")[2]: said[name] for name in _PARAMETERS if name in said}
        # The heading has the model, and says whether it was streamed.
        shown = {name: value for name, value in given.items() if self._full or name not in ("model", "stream")}
        if shown:
            yield Row("parameters", self._fields(shown))

    def _answer(self) -> Iterator[Row]:
        messages = self._list(names.OUTPUT_MESSAGES)
        if names.OUTPUT_VALUE not in self._span.attributes:  # an agent has the same words there
            for one in messages:
                role, words = wording.message(one)
                yield Row(self._whole_or_not(role), words, lines=2, prose=True)
        yield from self._row("documents", names.RETRIEVAL_DOCUMENTS, self._documents)
        yield from self._row("result", names.TOOL_CALL_RESULT, self._result, lines=2)

    def _output(self) -> Iterator[Row]:
        output = self._text(names.OUTPUT_VALUE)
        verdict = role_of(self._span) == EVALUATOR and verdicts_of(self._span)
        if output is not None and (self._full or not (verdict or output == self._known)):
            yield Row(self._whole_or_not("output"), output, lines=2, prose=True)

    def _cut(self) -> Iterator[Row]:
        cut = attribute.texts(self._span.attributes, names.TRUNCATED)
        if cut:
            yield Row("cut", f"too large to be kept whole: {', '.join(cut)}", "yellow")

    def _row(
        self, label: str, name: str, say: Callable[[Any], str], *, lines: int = 1, prose: bool = False
    ) -> Iterator[Row]:
        value = self._document(name)
        if value not in (None, {}, []):
            yield Row(label, say(value), lines=lines, prose=prose)

    def _fields(self, value: Any) -> str:  # noqa: ANN401 - JSON
        return wording.fields(value, full=self._full)

    def _result(self, value: Any) -> str:  # noqa: ANN401 - JSON
        return self._fields(value["result"] if isinstance(value, dict) and set(value) == {"result"} else value)

    def _documents(self, found: Any) -> str:  # noqa: ANN401 - JSON
        listed = found if isinstance(found, list) else [found]
        words = [one["content"] if isinstance(one, dict) and set(one) == {"content"} else one for one in listed]
        said = [f"{len(listed)} found", *map(wording.plain, words)]
        return "\n".join(said) if self._full else "; ".join(said)

    def _hash(self, name: str, *, always: bool = False) -> str:
        digest = self._text(name)
        return f"hash {digest}" if digest and (self._full or always) else ""

    def _whole_or_not(self, label: str) -> str:
        ending = attribute.text(self._span.attributes, names.ENDING)
        whole = ending in (None, RETURNED, DRAINED) and self._span.status != "ERROR" and self._span.end is not None
        return label if whole else f"{label} (partial)"

    def _text(self, name: str) -> str | None:
        return attribute.text(self._span.attributes, name)

    def _document(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return attribute.document(self._span.attributes, name)

    def _list(self, name: str) -> list[Any]:
        said = self._document(name)
        return said if isinstance(said, list) else []
