"""Find the few-shot examples of a prompt in the messages that were sent: which of them show which example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from orchestrace import conventions as names
from orchestrace.recording.guard import guarded
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.snapshot import encode
from orchestrace.typing import AttributeValue

if TYPE_CHECKING:
    from orchestrace.messages import Message, ModelRequest

__all__ = ["Places", "find", "shown_in", "shown_text", "written"]

Places = dict[str, list[int]]
"""Where each example is shown, by its id: two messages, what was given and the answer; or one that holds both."""

_PAIR: Final = ("user", "assistant")


@guarded("few-shot examples", dict[str, AttributeValue]())
def shown_in(request: ModelRequest, use: PromptUse | None) -> dict[str, AttributeValue]:
    """Return what a call's span says of the examples of its prompt; nothing if none is shown. Never raises."""
    if use is None or not use.few_shot:
        return {}
    system: list[Message] = [{"role": "system", "parts": request.system}] if request.system else []
    found = find(use.few_shot, [*system, *request.messages])
    if not found:
        return {}
    before = len(system)
    told = [{"id": id_, "messages": [index - before for index in indices]} for id_, indices in found.items()]
    return {names.FEW_SHOT_MESSAGES: encode(told)}


def find(examples: Sequence[Mapping[str, Any]], messages: Sequence[Message]) -> Places:
    """
    Return where the examples are shown in messages, by index; an example that is not found is left out.

    Examples are mappings with `id`, `input` and `output`. They are found as `Prompt` shows them: as a user's message
    and the answer to it, or inside of one text. A text that was written otherwise shows them if it holds all of them,
    in their order, each with its input and then its output.
    """
    texts = [_text_of(message) for message in messages]
    roles = [message.get("role") for message in messages]
    given = [(str(one["id"]), written(one["input"]), written(one["output"])) for one in examples]
    found: Places = {}
    for id_, asked, answered in given:
        place = next(_pairs(roles, texts, asked, answered), None) or _inside(texts, shown_text(asked, answered))
        if place is not None:
            found[id_] = place
    missing = [one for one in given if one[0] not in found]
    if missing and (index := next((n for n, text in enumerate(texts) if _holds(text, missing)), None)) is not None:
        found |= {id_: [index] for id_, _, _ in missing}
    return {id_: found[id_] for id_, _, _ in given if id_ in found}


def written(value: object) -> str:
    """Return what an example gives or answers, as it stands in a prompt."""
    if isinstance(value, str):
        return value
    import json  # noqa: PLC0415 - 1.4 ms at import, wanted where there is a prompt

    return json.dumps(value, ensure_ascii=False)


def shown_text(asked: str, answered: str) -> str:
    """Return an example as it stands inside of a text."""
    return f"Input: {asked}\nOutput: {answered}"


def _pairs(roles: Sequence[str | None], texts: Sequence[str], asked: str, answered: str) -> Iterator[list[int]]:
    for n in range(len(texts) - 1):
        if texts[n] == asked and texts[n + 1] == answered and (roles[n], roles[n + 1]) == _PAIR:
            yield [n, n + 1]


def _inside(texts: Sequence[str], shown: str) -> list[int] | None:
    return next(([n] for n, text in enumerate(texts) if _place_of(text, shown, 0) is not None), None)


def _holds(text: str, examples: Sequence[tuple[str, str, str]]) -> bool:
    end = 0
    for _, *both in examples:
        for words in both:
            if (found := _place_of(text, words, end)) is None:
                return False
            end = found
    return True


def _place_of(text: str, words: str, start: int) -> int | None:
    """Return where words end that stand in a text by themselves, not inside of longer ones."""
    while words and (place := text.find(words, start)) >= 0:
        end = place + len(words)
        if not (_joined(text[place - 1 : place], words[0]) or _joined(words[-1], text[end : end + 1])):
            return end
        start = place + 1
    return None


def _joined(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()


def _text_of(message: Message) -> str:
    parts = message.get("parts") or ()
    return "".join(str(part["content"]) for part in parts if part.get("type") == "text" and "content" in part)
