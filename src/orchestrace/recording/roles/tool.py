"""A tool that an agent calls."""

from __future__ import annotations

from typing import ClassVar

from orchestrace import conventions as names
from orchestrace.recording.arguments import Call
from orchestrace.recording.roles.role import Role
from orchestrace.recording.snapshot import encode, snapshot
from orchestrace.typing import AttributeValue

__all__ = ["Tool"]


class Tool(Role):
    """One execution of a tool. Its arguments and its result are JSON objects, as the conventions want them."""

    __slots__ = ()

    role = "tool"
    verb = "execute_tool"
    operation = "execute_tool"
    name_key: ClassVar[str] = names.TOOL_NAME

    def _named(self) -> dict[str, AttributeValue]:
        described = self.declaration.description
        said = {names.TOOL_TYPE: "function"} | ({names.TOOL_DESCRIPTION: described} if described else {})
        return super()._named() | said

    def _asked(self, call: Call) -> dict[str, AttributeValue]:
        if not self.content:
            return {}
        return {names.TOOL_CALL_ARGUMENTS: encode(dict(call.chosen(self.declaration.inputs)))}

    def _told(self, output: object) -> dict[str, AttributeValue]:
        if not self.content:
            return {}
        taken = snapshot(output)
        return {names.TOOL_CALL_RESULT: encode(taken if isinstance(taken, dict) else {"result": taken})}
