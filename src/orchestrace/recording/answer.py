"""What came back of a request to a model."""

from __future__ import annotations

from typing import NamedTuple

from orchestrace.messages import Failure, ModelResponse
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, RETURNED
from orchestrace.recording.selectors import MISSING

__all__ = ["Answer"]


class Answer(NamedTuple):
    """What came back in one attempt; `status` is HTTP's, `body` the text of an error's body."""

    response: ModelResponse | None = None
    status: int | None = None
    failure: Failure | None = None
    body: str | None = None
    cut: bool = False
    """More came than was kept, so that its end (tokens, finish reasons) is not known."""

    def ending(self, ending: str, *, streams: bool) -> str:
        """
        Return how the call ended whose body did as `ending` says, by what came.

        Whoever closes a stream behind its last event has drained it. An answer that does not stream has returned.
        """
        if ending == CANCELLED:
            return CANCELLED
        if self.failure is not None:
            return ERROR
        whole = ending == DRAINED or (self.response is not None and self.response.complete)
        if whole and ending in (ABANDONED, DRAINED):
            return DRAINED if streams else RETURNED
        return ending

    def said(self) -> object:
        """Return what it comes to for whoever returned it as a stream: its text, else what it has; or MISSING."""
        parts = self.response.messages[0]["parts"] if self.response is not None and self.response.messages else []
        words = [part["content"] for part in parts if part.get("type") == "text"]
        text = "".join(word for word in words if isinstance(word, str))
        return text or [part for part in parts if part.get("type") != "text"] or MISSING
