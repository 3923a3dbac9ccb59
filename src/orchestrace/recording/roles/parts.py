"""The roles by the word that a declaration has for them."""

from __future__ import annotations

from typing import Final

from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.evaluator import Evaluator
from orchestrace.recording.roles.generator import Generator
from orchestrace.recording.roles.invocation import Agent, Workflow
from orchestrace.recording.roles.retriever import Retriever
from orchestrace.recording.roles.role import Role, Subject
from orchestrace.recording.roles.tool import Tool
from orchestrace.recording.switch import is_off
from orchestrace.recording.tracer import is_silent, warn_if_unconfigured

__all__ = ["begin"]

_ROLES: Final[dict[str, type[Role]]] = {
    kind.role: kind for kind in (Agent, Workflow, Generator, Evaluator, Tool, Retriever)
}


def begin(declaration: Declaration, name: str, call: Call, subject: Subject | None = None) -> Role | None:
    """
    Begin a call of a role; None where nothing is to be recorded.

    `subject` says which method of which object is called. A method that calls the one it overrides, through `super()`,
    is one call.
    """
    if is_off() or (subject is not None and _is_within(declaration.role, subject)):
        return None
    if declaration.in_force is not None and not declaration.in_force():
        return None
    if is_silent():
        warn_if_unconfigured()
        return None
    role = _ROLES[declaration.role](declaration, name, call)
    role.subject = subject
    return role


def _is_within(role: str, subject: Subject) -> bool:
    around = lineage.nearest(lineage.current(), role)
    return isinstance(around, Role) and around.subject is not None and around.subject.overrides(subject)
