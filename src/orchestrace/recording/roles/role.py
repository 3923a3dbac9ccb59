"""A decorated call: what every part of a run says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NamedTuple

from opentelemetry.trace import SpanKind

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.attribution import attributed
from orchestrace.recording.by_reference import Referred, is_referred, referred
from orchestrace.recording.ending import End
from orchestrace.recording.live import is_live
from orchestrace.recording.prompt_use import PromptUse, listen
from orchestrace.recording.recording import Recording
from orchestrace.recording.reducing import Items
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.hashed import hashed
from orchestrace.recording.selectors import MISSING, select_from
from orchestrace.recording.snapshot import encode
from orchestrace.recording.strand import current_strand
from orchestrace.recording.text import JSON_TYPE, written
from orchestrace.typing import AttributeValue, Selector

__all__ = ["RETURN", "RUNS", "Role", "Subject"]

RUNS: Final = ("agent", "workflow")
"""The roles that hold others."""

RETURN: Final = "return"
"""What an output is called where arguments have names, as in `__annotations__`."""


class Subject(NamedTuple):
    """Which method of which object is called."""

    receiver: int
    """The object's `id()`: it is alive as long as its method runs."""
    name: str
    function: Callable[..., object]

    def overrides(self, other: Subject) -> bool:
        """Tell whether `other` is the method that this one overrides, called on the same object: not a recursion."""
        same = (self.receiver, self.name) == (other.receiver, other.name)
        return same and self.function is not other.function


class Role(Recording):
    """
    One call of a decorated function, or one pass through a block.

    A subclass names its span (`verb`) and its kind, and says what else is known at both ends of the call.
    """

    __slots__ = ("_items", "_output", "_references", "declaration", "subject")

    verb: ClassVar[str]
    operation: ClassVar[str] = ""
    category: ClassVar[str] = ""
    """The value of `openinference.span.kind`."""
    name_key: ClassVar[str] = ""
    """The attribute that holds the name."""
    kind: ClassVar[SpanKind] = SpanKind.INTERNAL

    def __init__(self, declaration: Declaration, name: str, call: Call) -> None:
        super().__init__(name)
        self.declaration: Declaration = declaration
        self._items: Items | None = None
        self._output: object = MISSING
        self._references: Mapping[str, Selector | None] = call.marked
        if declaration.reference_only:
            self._references = {**dict.fromkeys(declaration.reference_only), **call.marked}
        self.subject: Subject | None = None
        self.streams.belong(current_strand())
        self.passes_on.update(self._identity(call))
        known = {**self._named(), **self._asked(call), **self._configured(call)}
        self.begin(f"{self.verb} {name}", known, self.kind)
        if declaration.prompt is not None:
            self.rendered(declaration.prompt)

    def keep(self, item: object) -> None:
        """Take an item that the body yielded."""
        if self._items is None:
            self._items = Items()
            self.become_stream()
        self._items.keep(item)

    def set_output(self, value: object) -> None:
        """Record `value` as the output, whatever the body returns."""
        self._output = value

    def rendered(self, use: PromptUse) -> None:
        """Take note of the prompt that the model calls from now on come from."""
        super().rendered(use)
        self.put(use.attributes(content=self.content))
        run = lineage.nearest(self, *RUNS)
        if run is not None and run is not self:
            identity = f"{use.name}@{use.version}"
            # By its name, because a run has several evaluators; by its part as well, so that one search finds all.
            run.put({names.PROMPTS_PREFIX + part: identity for part in (self.role, self.name)})

    def _identity(self, call: Call) -> dict[str, AttributeValue]:
        said = self.declaration
        return attributed(
            key=call.find(said.key),
            session=call.find(said.session),
            user=call.find(said.user),
            tenant=call.find(said.tenant),
        )

    def _named(self) -> dict[str, AttributeValue]:
        known = {names.OPERATION_NAME: self.operation, names.SPAN_KIND: self.category, self.name_key: self.name}
        return {name: value for name, value in known.items() if name and value}

    def _asked(self, call: Call) -> dict[str, AttributeValue]:
        """Return what is known when the call begins."""
        inputs = self._inputs(call)
        return {names.INPUT_VALUE: encode(inputs), names.INPUT_MIME_TYPE: JSON_TYPE} if inputs else {}

    def _inputs(self, call: Call) -> Mapping[str, object]:
        """Return the inputs that may be recorded; without content, those alone that are references, without words."""
        inputs = call.chosen(self.declaration.inputs)
        if self._references:
            inputs = referred(inputs, self._references)
        return inputs if self.content else {name: one for name, one in inputs.items() if is_referred(one)}

    def _configured(self, call: Call) -> dict[str, AttributeValue]:
        said = self.declaration.config
        config = call.find(said) if isinstance(said, str) or callable(said) else said
        if config is MISSING or config is None:
            return {}
        document, digest = hashed(config)
        known: dict[str, AttributeValue] = {names.AGENT_CONFIG_HASH: digest}
        return known | {names.AGENT_CONFIG: document} if self.content else known

    def _told(self, output: object) -> dict[str, AttributeValue]:
        """Return what is known of an output."""
        if output is None or not self._shows(output):
            return {}
        text, mime_type = written(output)
        return {names.OUTPUT_VALUE: text, names.OUTPUT_MIME_TYPE: mime_type}

    def _shows(self, output: object) -> bool:
        """Tell whether an output may be recorded: without content, a reference alone."""
        return self.content or is_referred(output)

    def _take(self, end: End) -> None:
        if self._items is not None:
            self._gave = self._items.folded(self.declaration.reduce)
            end = end._replace(value=self._gave)
        output = end.value if self._output is MISSING else self._output
        if self.streams.are_open and is_live(output):
            self.streams.live, self._output = True, MISSING
        else:
            self._came(end)

    def _tell(self, end: End) -> None:
        if self.streams.are_open:
            for call in self.streams.calls():
                call.count_in(self.totals)
        self.put(self.totals.attributes())
        if self.streams.live:
            self._output = end.value if self._output is MISSING else self._output
            self._came(end)

    def _came(self, end: End) -> None:
        """Take what came out of the body, of a stream so far; MISSING if nothing did."""
        output = self._output if self._output is not MISSING else self._read(end.value)
        if output is not MISSING:
            is_referred_to = RETURN in self._references and output is not None
            self.put(self._told(Referred(output, self._references[RETURN]) if is_referred_to else output))

    def _read(self, result: object) -> object:
        read = self.declaration.read
        if read is None or result is MISSING:
            return result
        if not isinstance(read, Mapping):
            return select_from(result, read)
        found = {name: select_from(result, selector) for name, selector in read.items()}
        return {name: value for name, value in found.items() if value is not MISSING}


def _take_note(use: PromptUse) -> None:
    holder = lineage.holder(lineage.current())
    if holder is not None:
        holder.rendered(use)
        lineage.take_prompt(holder, use._replace(variables={}))  # they are the program's, and recorded already


listen(_take_note)
