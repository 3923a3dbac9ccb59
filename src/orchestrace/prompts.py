"""Prompts with an identity: rendering one says which template, variables and examples a model call came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar, overload

from orchestrace.exceptions import PromptError
from orchestrace.recording.few_shot import written
from orchestrace.recording.prompt_use import PromptUse, rendered
from orchestrace.recording.selectors import MISSING, follow
from orchestrace.template import BraceTemplate, Shown, Template, canonical, data_of, text_of

__all__ = ["Example", "Prompt"]

Messages: TypeAlias = "Sequence[Mapping[str, Any]]"
Template_co = TypeVar("Template_co", covariant=True)

_FORMATS: Final = ("braces", "jinja2")
_SHORT: Final = 12
"""Hexadecimal digits of a hash that names something: 48 bits tell a team's prompts apart."""


class _Slices(Protocol[Template_co]):
    """What a template looks like to a type checker: a text's slice is a text, that of a list of messages another."""

    def __getitem__(self, index: slice, /) -> Template_co: ...


@dataclass(frozen=True, slots=True)
class Example:
    """
    One few-shot example: what a model is given, and what it is shown to answer; text, or anything that JSON can say.

    Input and output are kept as JSON data, whatever becomes of the objects given. The same data has the same `sha256`
    in whatever order its keys came; `id` defaults to the beginning of it. Raises PromptError for what is no data.
    """

    input: Any
    output: Any
    id: str | None = None
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        kept = _data({"input": self.input, "output": self.output}, "Example(…)")
        kept["sha256"] = _digest(kept)
        kept["id"] = self.id or kept["sha256"][:_SHORT]
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return hash((self.id, self.sha256))

    def record(self) -> dict[str, object]:
        """Return the example as it is recorded."""
        return {"id": self.id, "sha256": self.sha256, "input": self.input, "output": self.output}


class Prompt(Generic[Template_co]):
    """
    A template, a text or a list of chat messages, that knows its name and version.

    `{name}` and `{dotted.name}` are variables, every other brace is text; or, with `template_format="jinja2"`, texts
    are Jinja2's. `few_shot` examples stand where the template says `{few_shot}` (Jinja2: has a variable of that name);
    without that, chat messages get them as pairs of user and assistant before the last message, and a text leaves it to
    the program where to show them. `hash` is the same for the same template and examples, whatever the name; `version`
    defaults to the beginning of it. Raises PromptError for a template that is neither, or cannot be read.
    """

    __slots__ = ("_roots", "_template", "_use", "few_shot", "hash", "name", "variables", "version")

    def __init__(
        self,
        name: str,
        template: _Slices[Template_co],
        *,
        version: str | None = None,
        few_shot: Iterable[Example] = (),
        template_format: str = "braces",
    ) -> None:
        checked = _checked(template, name)
        self.name: Final = name
        self.few_shot: Final = tuple(few_shot)
        if stranger := next((one for one in self.few_shot if not isinstance(one, Example)), None):
            msg = f"Prompt {name!r}: few_shot has {type(stranger).__name__} where an Example(input, output) belongs."
            raise PromptError(msg)
        self._template = _template(checked, name, template_format)
        self.variables: Final = self._template.variables
        self._roots = {one.partition(".")[0] for one in self.variables}
        examples = [one.sha256 for one in self.few_shot]
        self.hash: Final = _digest([checked, examples])
        self.version: Final = self.hash[:_SHORT] if version is None else str(version)
        self._use = PromptUse(
            name=self.name,
            version=self.version,
            hash=self.hash,
            template=text_of(checked),
            variables={},
            few_shot=tuple(one.record() for one in self.few_shot),
            few_shot_hash=_digest(examples) if examples else None,
        )

    def __repr__(self) -> str:
        return f"Prompt({self.name!r}, version={self.version!r})"

    def identity(self) -> PromptUse:
        """Return what is known of the prompt before it is rendered: a use of it without variables."""
        return self._use

    @overload
    def render(self: Prompt[str], /, **variables: object) -> str: ...
    @overload
    def render(self: Prompt[Messages], /, **variables: object) -> list[dict[str, Any]]: ...
    def render(self, /, **variables: object) -> Any:
        """
        Return the text, or the messages, with the variables put in: data as JSON, anything else as `str()` says.

        Jinja2 has its own rules. It identifies the model calls that follow in the same role. The messages are the
        caller's to change. Raises PromptError if a variable is missing, or one is given that the template has not.
        """
        result = self._template.fill(self._values(variables), Shown(self.few_shot))
        if isinstance(result, list) and not self._template.places:
            result[-1:-1] = [message for example in self.few_shot for message in _pair(example)]
        self.use(**variables)
        return result

    def use(self, /, **variables: object) -> None:
        """
        Say that the model calls that follow in the same role come from this prompt; `render` does so by itself.

        For a text that something else has rendered, a registry's own client: its name, version and text are enough.
        `variables` are recorded as they are given.
        """
        rendered(self._use._replace(variables=variables))

    def _values(self, variables: Mapping[str, object]) -> dict[str, object]:
        found = {path: follow(variables, path.split(".")) for path in self.variables}
        missing = [path for path, value in found.items() if value is MISSING and path not in self._template.optional]
        surplus = [name for name in variables if name not in self._roots]
        if missing or surplus:
            msg = (
                f"Prompt {self.name!r} was rendered with variables that do not fit its template. "
                f"Missing: {_listed(missing)}. Surplus: {_listed(surplus)}. It takes: {_listed(self.variables)}."
            )
            raise PromptError(msg)
        return {path: value for path, value in found.items() if value is not MISSING}


def _checked(template: object, name: str) -> Any:  # noqa: ANN401 - a text or JSON
    if isinstance(template, str):
        return str(template)
    if isinstance(template, Sequence) and all(isinstance(one, Mapping) for one in template):
        return _data(list(template), f"Prompt {name!r}")
    msg = f"Prompt {name!r}: the template is {type(template).__name__}; give a text or a list of chat messages."
    raise PromptError(msg)


def _template(checked: Any, name: str, template_format: str) -> Template:  # noqa: ANN401 - a text or JSON
    if template_format == "jinja2":
        from orchestrace.jinja_template import JinjaTemplate  # noqa: PLC0415 - an extra

        return JinjaTemplate(checked, name)
    if template_format not in _FORMATS:
        msg = f"Prompt {name!r}: template_format={template_format!r} is none of {_listed(_FORMATS)}."
        raise PromptError(msg)
    return BraceTemplate(checked)


def _data(value: object, whose: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return data_of(value)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"{whose} holds what JSON cannot say ({error}): give texts, numbers, mappings, lists or models."
        raise PromptError(msg) from error


def _digest(data: object) -> str:
    from hashlib import sha256  # noqa: PLC0415 - 3 ms, wanted where there is a prompt

    return sha256(canonical(data).encode("utf-8", "surrogatepass")).hexdigest()


def _pair(example: Example) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": written(example.input)},
        {"role": "assistant", "content": written(example.output)},
    ]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
