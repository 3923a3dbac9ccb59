"""
Templates written for Jinja2, which is an extra: `pip install 'orchestrace[jinja2]'`.

They are rendered as Jinja2 renders them, with three differences that make a prompt safe and exact: the sandbox, because
templates come from files and registries, too, which reaches no internals and changes no objects; a variable that is
missing is an error instead of nothing; and the line break at the end stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from orchestrace.exceptions import PromptError
from orchestrace.template import FEW_SHOT, Shown, texts_in

if TYPE_CHECKING:
    from jinja2.nodes import Template as Tree
    from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["JinjaTemplate"]

_ASKED: Final = frozenset({"defined", "undefined"})
_DEFAULTED: Final = frozenset({"default", "d"})
_WORD: Final = re.compile(r"\w+")


class JinjaTemplate:
    """
    A text, or the JSON of messages, whose texts are Jinja2's; see `Template`.

    Variables are the names that a text looks up. Those that it asks for (`is defined`) or has a default for may be
    missing. Raises PromptError, in the name of `prompt`, for what Jinja2 cannot read, for a text that needs other
    templates, and where Jinja2 is not installed.
    """

    __slots__ = ("_filled", "_prompt", "_template", "optional", "places", "variables")

    def __init__(self, template: Any, prompt: str) -> None:  # noqa: ANN401 - a text or JSON
        self._prompt = prompt
        self._template = template
        environment = _environment(prompt)
        found: list[str] = []
        optional: set[str] = set()
        try:
            for text in texts_in(template):
                tree = environment.parse(text)
                _check_alone(tree, prompt)
                found += _variables_in(tree, text)
                optional |= _optional_in(tree)
            self._filled = _compiled(environment, template)
        except _errors() as error:
            msg = f"Prompt {prompt!r}: Jinja2 cannot read the template ({_said_of(error)})."
            raise PromptError(msg) from error
        self.variables: tuple[str, ...] = tuple(name for name in dict.fromkeys(found) if name != FEW_SHOT)
        self.places: bool = FEW_SHOT in found
        self.optional: frozenset[str] = frozenset(optional)

    def __reduce__(self) -> tuple[type[JinjaTemplate], tuple[Any, str]]:
        return JinjaTemplate, (self._template, self._prompt)

    def fill(self, values: Mapping[str, object], shown: Shown) -> Any:  # noqa: ANN401 - see `Template`
        """Return a copy with the values put in, as Jinja2 does. Raises PromptError for what the sandbox forbids."""
        given = {**values, FEW_SHOT: shown} if self.places else dict(values)
        try:
            return self._filled(given)
        except _errors() as error:
            msg = f"Prompt {self._prompt!r} could not be rendered: {_said_of(error)}."
            raise PromptError(msg) from error


@lru_cache(maxsize=1)
def _shared() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - an extra
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - 40 ms at import, wanted by such a prompt

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)


def _environment(prompt: str) -> ImmutableSandboxedEnvironment:
    try:
        return _shared()
    except ImportError as error:
        msg = (
            f"Prompt {prompt!r} has template_format='jinja2', and Jinja2 is not installed: "
            "pip install 'orchestrace[jinja2]'."
        )
        raise PromptError(msg) from error


def _errors() -> tuple[type[Exception], ...]:
    from jinja2 import TemplateError  # noqa: PLC0415 - an extra

    return (TemplateError,)


def _said_of(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    said = str(getattr(error, "message", None) or error).rstrip(".")
    return f"line {line}: {said}" if line else said


def _compiled(environment: ImmutableSandboxedEnvironment, template: Any) -> Callable[[Mapping[str, object]], Any]:  # noqa: ANN401
    """Return what makes a copy of a template with values put in; texts are compiled once."""
    if isinstance(template, str):
        return environment.from_string(template).render
    if isinstance(template, dict):
        fields = {key: _compiled(environment, value) for key, value in template.items()}
        return lambda values: {key: render(values) for key, render in fields.items()}
    if isinstance(template, list):
        items = [_compiled(environment, value) for value in template]
        return lambda values: [render(values) for render in items]
    return lambda _: template


def _check_alone(tree: Tree, prompt: str) -> None:
    from jinja2 import nodes  # noqa: PLC0415 - an extra

    outside = next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None)
    if outside is not None:
        word = type(outside).__name__.lower()
        msg = f"Prompt {prompt!r}: line {outside.lineno} needs another template ({word}); a prompt is whole by itself."
        raise PromptError(msg)


def _variables_in(tree: Tree, text: str) -> list[str]:
    from jinja2 import meta  # noqa: PLC0415 - an extra

    names = meta.find_undeclared_variables(tree)
    order = {word: place for place, word in reversed(list(enumerate(_WORD.findall(text))))}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _optional_in(tree: Tree) -> set[str]:
    from jinja2 import nodes  # noqa: PLC0415 - an extra

    asked = [one.node for one in tree.find_all(nodes.Test) if one.name in _ASKED]
    defaulted = [one.node for one in tree.find_all(nodes.Filter) if one.name in _DEFAULTED]
    return {node.name for node in (*asked, *defaulted) if isinstance(node, nodes.Name)}
