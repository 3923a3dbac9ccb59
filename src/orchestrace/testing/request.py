"""A request as it arrived at the replay server, or as it stands in a recording."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """
    One HTTP request.

    `path` is without the query; names of headers are lower case. Headers and body stay out of the `repr`: they carry
    keys and content, and a test's report is read by many.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:  # noqa: ANN401 - a test digs into it: request.json()["messages"][0]["content"]
        """Return the parsed body."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
