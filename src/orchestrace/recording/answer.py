"""What came back of a request to a model."""

from __future__ import annotations

from typing import NamedTuple

from orchestrace.messages import Failure, ModelResponse

__all__ = ["Answer"]


class Answer(NamedTuple):
    """What came back in one attempt; `status` is HTTP's, `body` the text of an error's body."""

    response: ModelResponse | None = None
    status: int | None = None
    failure: Failure | None = None
    body: str | None = None
    cut: bool = False
    """More came than was kept, so that its end (tokens, finish reasons) is not known."""
