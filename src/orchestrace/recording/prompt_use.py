"""What is known of a prompt that was just rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from orchestrace import conventions as names
from orchestrace.recording.guard import guarded
from orchestrace.recording.snapshot import encode
from orchestrace.recording.text import written
from orchestrace.typing import AttributeValue

__all__ = ["PromptUse", "listen", "rendered"]

_listener: Callable[[PromptUse], None] | None = None


class PromptUse(NamedTuple):
    """
    One rendering of a prompt: it identifies the model calls that follow it in the same role.

    `template` is the text before anything was put in, a chat template's as JSON. `variables` are the caller's own
    objects, no copies. `few_shot` are the examples as `{id, sha256, input, output}`; with none, their hash is None.
    Where only name and version are known, hash and template are None.
    """

    name: str
    version: str
    hash: str | None
    template: str | None
    variables: Mapping[str, object]
    few_shot: tuple[Mapping[str, object], ...] = ()
    few_shot_hash: str | None = None

    def identity(self) -> dict[str, AttributeValue]:
        """Return what a model call carries of its prompt: which one it was, and never its words."""
        known: dict[str, AttributeValue] = {names.PROMPT_NAME: self.name, names.PROMPT_VERSION: self.version}
        hashes = {names.PROMPT_HASH: self.hash, names.FEW_SHOT_HASH: self.few_shot_hash}
        return known | {name: value for name, value in hashes.items() if value is not None}

    def attributes(self, *, content: bool) -> dict[str, AttributeValue]:
        """Return what the role carries in which the prompt was rendered; the words only where content is recorded."""
        if not content or self.template is None:
            return self.identity()
        words = {names.PROMPT_TEMPLATE: written(self.template)[0], names.PROMPT_VARIABLES: encode(self.variables)}
        return self.identity() | words | ({names.FEW_SHOT: encode(self.few_shot)} if self.few_shot else {})


def listen(listener: Callable[[PromptUse], None] | None) -> None:
    """Have `listener` hear of every rendering from now on; None: nobody."""
    global _listener  # noqa: PLW0603 - the process has one recording engine
    _listener = listener


@guarded("rendered prompt", None)
def rendered(use: PromptUse) -> None:
    """Tell the call that runs here which prompt its model calls come from. Never raises."""
    if _listener is not None:
        _listener(use)
