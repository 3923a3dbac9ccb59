"""A search for documents."""

from __future__ import annotations

from typing import ClassVar, Final

from opentelemetry.trace import SpanKind

from orchestrace import conventions as names
from orchestrace.recording.arguments import Call
from orchestrace.recording.roles.role import Role
from orchestrace.recording.snapshot import encode, snapshot
from orchestrace.recording.text import written
from orchestrace.typing import JSON, AttributeValue

__all__ = ["Retriever"]

_QUERY: Final = ("query", "question", "text", "q")
"""What the argument that is searched for is usually called."""


class Retriever(Role):
    """
    One retrieval. Its query is the argument that is called so, else the first text among the inputs.

    Its result is read as documents: a list of mappings or models as they are, anything else as `{"content": …}`.
    """

    __slots__ = ()

    role = "retriever"
    verb = "retrieval"
    operation = "retrieval"
    name_key: ClassVar[str] = names.DATA_SOURCE_ID
    kind = SpanKind.CLIENT

    def _asked(self, call: Call) -> dict[str, AttributeValue]:
        inputs = self._inputs(call)
        texts = {name: value for name, value in inputs.items() if isinstance(value, str)}
        query = next((texts[name] for name in (*_QUERY, *texts) if name in texts), None)
        return {names.RETRIEVAL_QUERY: written(query)[0]} if self.content and query is not None else {}

    def _told(self, output: object) -> dict[str, AttributeValue]:
        if output is None or not self._shows(output):
            return {}
        taken = snapshot(output)
        return {
            names.RETRIEVAL_DOCUMENTS: encode(
                [_document(one) for one in (taken if isinstance(taken, list) else [taken])]
            )
        }


def _document(value: JSON) -> JSON:
    return value if isinstance(value, dict) else {"content": value}
