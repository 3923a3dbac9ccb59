"""A tool that an agent calls."""

from __future__ import annotations

from typing import ClassVar, Final

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import End
from orchestrace.recording.roles.role import Role
from orchestrace.recording.snapshot import encode, snapshot
from orchestrace.recording.usage import TOOL_CALL
from orchestrace.typing import AttributeValue

__all__ = ["Tool"]

_TYPE: Final = "function"
"""The conventions' word for a tool that runs here."""


class Tool(Role):
    """One execution of a tool. Its arguments and its result are JSON objects, as the conventions want them."""

    __slots__ = ()

    role = "tool"
    verb = "execute_tool"
    operation = "execute_tool"
    name_key: ClassVar[str] = names.TOOL_NAME

    def _named(self) -> dict[str, AttributeValue]:
        described = self.declaration.description
        said = {names.TOOL_TYPE: _TYPE} | ({names.TOOL_DESCRIPTION: described} if described else {})
        return super()._named() | said

    def _measure(self, end: End) -> None:
        if (agent := lineage.nearest(self.parent, "agent")) is not None:
            agent.totals.add_own(TOOL_CALL)
        from orchestrace.recording.measuring import meter  # noqa: PLC0415 - 1 ms at import, wanted at the first end
        from orchestrace.recording.measuring.run import tool_measurements  # noqa: PLC0415

        meter.measure(tool_measurements(self, end, _TYPE), self.span)

    def _asked(self, call: Call) -> dict[str, AttributeValue]:
        inputs = self._inputs(call)
        return {names.TOOL_CALL_ARGUMENTS: encode(inputs)} if inputs or self.content else {}

    def _told(self, output: object) -> dict[str, AttributeValue]:
        if not self._shows(output):
            return {}
        taken = snapshot(output)
        return {names.TOOL_CALL_RESULT: encode(taken if isinstance(taken, dict) else {"result": taken})}
