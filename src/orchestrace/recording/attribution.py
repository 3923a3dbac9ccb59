"""Whose something is: what a block, or a decorator, says of all that happens inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from opentelemetry.context import get_current
from opentelemetry.trace import INVALID_SPAN, Span

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.ending import End
from orchestrace.recording.recording import Recording
from orchestrace.recording.scope import Scope
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.text import label
from orchestrace.recording.usage import Totals, Uncounted
from orchestrace.typing import Attributes, AttributeValue

__all__ = ["Attribution", "attributed"]


def attributed(
    *,
    key: object = None,
    session: object = None,
    user: object = None,
    tenant: object = None,
    tags: Iterable[object] = (),
) -> dict[str, AttributeValue]:
    """Return the attributes that say whose something is; what is missing, None or blank says nothing."""
    said = {
        names.KEY: key,
        names.CONVERSATION_ID: session,
        names.SESSION_ID: session,
        names.USER_ID: user,
        names.TENANT: tenant,
    }
    texts = {name: label(value) for name, value in said.items() if value is not MISSING and value is not None}
    marks = (label(tag) for tag in ([tags] if isinstance(tags, str) else tags) if tag is not None)
    found: dict[str, AttributeValue] = {name: text for name, text in texts.items() if text.strip()}
    return found | {names.TAG_PREFIX + mark: True for mark in marks if mark.strip()}


class Attribution(Recording):
    """
    Stand in a lineage for a block that says whose all inside of it is, and calls nothing: it has no span of its own.

    `binds` says whether a variant that is assigned inside holds until the end of the block.
    """

    __slots__ = ("binds",)

    is_call: ClassVar[bool] = False

    def __init__(self, said: Mapping[str, AttributeValue], *, binds: bool = False) -> None:
        super().__init__("")
        self.passes_on.update(said)
        self.binds: bool = binds
        self.span: Span = INVALID_SPAN if self.parent is None else self.parent.span
        self.totals: Totals = Uncounted()

    @property
    def scope(self) -> Scope:
        """What is current here, with this as the innermost of the lineage."""
        return Scope(lineage.entered(self, get_current()))

    def pass_on(self, attributes: Attributes) -> None:
        """Have every span that starts inside from now on carry them; the span around is not of this block."""
        self.passes_on.update(attributes)

    def goes_on(self) -> None:
        """Tell the call around."""
        if self.parent is not None:
            self.parent.goes_on()

    def end(self, end: End) -> None:
        """Leave the call around as it is: it goes on."""
