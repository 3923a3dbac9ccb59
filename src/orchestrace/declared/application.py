"""An agents file in force: what it names is followed wherever it appears, now or later, and can be let go again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final

from orchestrace.declared import script
from orchestrace.declared.importing import Watch
from orchestrace.declared.program import MAIN, name_of_program
from orchestrace.declared.reading import Agents
from orchestrace.declared.search import Found, callee, can_be_followed, members, names_of, namespace_of, search, static
from orchestrace.declared.sighting import Sighting
from orchestrace.declared.substitution import Substitutes
from orchestrace.exceptions import UsageError
from orchestrace.recording.guard import guarded, report
from orchestrace.subclasses import follow_subclasses
from orchestrace.taps.patch import descendants
from orchestrace.wrapping import described, is_followed, wrap

__all__ = ["apply", "sightings", "withdraw"]

_CALL: Final = "__call__"
_changing = threading.RLock()
"""Is held while a file is put into force or withdrawn; no import waits for it."""
_lock = threading.RLock()
"""Is held while something is looked at, also in an import: whoever has it imports nothing."""
_last: _Application | None = None


@dataclass(frozen=True, slots=True)
class _Kin:
    """What a target says about a method of a class and of those derived from it; `of_class`: it names the class."""

    sighting: Sighting
    method: str
    of_class: bool = False


class _Application:
    """One agents file, as far as its targets have appeared."""

    def __init__(self, agents: Agents) -> None:
        self.agents = agents
        self.live = True
        self.sightings = [Sighting(entry) for entry in agents.entries]
        targets = [entry.target for entry in agents.entries]
        self._modules = {target.module for target in targets if not target.has_wildcard}
        self._wild = [target for target in targets if target.has_wildcard]
        self._substitutes = Substitutes()
        self._families: dict[type, list[_Kin]] = {}
        """Classes that stand for all that are derived from them: by which targets, and for which method."""
        self._taken: dict[int, tuple[Any, Sighting]] = {}
        """What was made, by its id, and for which target."""
        self._undo: list[Callable[[], None]] = []
        self._unfinished: list[ModuleType] = []
        self._watch = Watch(self._wants, self.look, self._look_again)

    def begin(self) -> None:
        """Look at what is imported, and at what will be."""
        self._watch.begin(sorted(self._modules))
        if any(self._wants(name) for name in (MAIN, name_of_program()) if name):
            script.watch(_look_at_program)

    def end(self) -> None:
        """Put back what can be put back; what somebody else holds records nothing any more."""
        self._watch.end()
        with _lock:
            self.live = False
            self._substitutes.undo()
            while self._undo:
                self._undo.pop()()
            self._families.clear()

    def look(self, module: ModuleType) -> None:
        """Follow what is named in a module. Never raises."""
        with _lock:
            if not self.live:
                return
            if _is_unfinished(module) and module not in self._unfinished:
                self._unfinished.append(module)
            names = names_of(module)
            # In the order of the file: of several targets that name the same the first one counts.
            for sighting in self.sightings:
                if any(map(sighting.entry.target.is_in, names)):
                    self._find(sighting, module)
            self._substitutes.spread()

    def _wants(self, name: str) -> bool:
        return name in self._modules or any(target.is_in(name) for target in self._wild)

    @guarded("agents file", None)
    def _find(self, sighting: Sighting, module: ModuleType) -> None:
        target = sighting.entry.target
        if target.family and target.family != target.names:
            for found in search(module, replace(target, names=target.family)):
                if isinstance(found.value, type):
                    self._take_family(_Kin(sighting, target.names[-1]), found.value)
            return
        for found in search(module, target):
            if isinstance(found.value, type):
                self._take_class(sighting, found)
            else:
                self._take(sighting, found)

    def _take_class(self, sighting: Sighting, found: Found) -> None:
        """Follow the method that runs a class; a wildcard leaves out classes that have none."""
        entry, kind = sighting.entry, found.value
        method = entry.method or _CALL
        is_agent = entry.declaration.role == "agent"
        if is_agent and static(kind, method) is not None:
            self._take_family(_Kin(sighting, method, of_class=True), kind)
        elif "*" not in entry.target.names[-1]:
            lacks = f"has no {method}: name the method that runs it, as in `method: run`."
            wrong = f"cannot be the {entry.declaration.role} itself, only an agent can: name one of its methods."
            sighting.refused = f"the class {kind.__qualname__} {lacks if is_agent else wrong}"

    def _take_family(self, kin: _Kin, kind: type) -> None:
        """Follow a method of a class, and what overrides it in those that are derived from it, now or later."""
        for found in members(kind, kin.method):
            self._take(kin.sighting, found, of_class=kin.of_class)
        known = self._families.setdefault(kind, [])
        if kin in known:
            return
        known.append(kin)
        if len(known) == 1:
            self._undo.append(follow_subclasses(kind, self._derived))
        for below in descendants(kind):
            self._derived(below)

    @guarded("agents file", None)
    def _derived(self, kind: type) -> None:
        """Follow what a class overrides. Never raises: it is called from within the statement that makes the class."""
        with _lock:
            if not self.live:
                return
            above = [kin for base in kind.__mro__[1:] for kin in self._families.get(base, ())]
            for sighting in self.sightings:
                target = sighting.entry.target
                kins = [kin for kin in above if kin.sighting is sighting]
                kins += [_Kin(sighting, target.names[-1])] if target.is_of(kind) else []
                for kin in kins:
                    for found in members(kind, kin.method):
                        if found.name in kind.__dict__:
                            self._take(sighting, found, of_class=kin.of_class)

    def _take(self, sighting: Sighting, found: Found, *, of_class: bool = False) -> None:
        """Follow one function, unless it is followed already: what the program itself says goes first."""
        entry = sighting.entry
        if not can_be_followed(found.value):
            if "*" not in entry.target.names[-1]:
                sighting.refused = f"{found.name} is an object of type {type(found.value).__name__}: it is no function."
            return
        if is_followed(found.value):
            sighting.meets(found.value, self._taken)
            return
        declared = entry.declaration
        if of_class and isinstance(found.owner, type):
            declared = described(declared, found.owner)
        try:
            replacement = wrap(callee(found), declared._replace(in_force=self._is_live))
            self._substitutes.put(found, replacement)
        except UsageError as error:
            sighting.refused = str(error)
        except Exception as error:  # noqa: BLE001 - a metaclass that takes no changes, or worse
            sighting.refused = f"{found.name} cannot be replaced: {type(error).__name__}."
            report(f"target {entry.text}", error)
        else:
            self._taken[id(replacement)] = replacement, sighting
            sighting.followed += 1

    def _is_live(self) -> bool:
        return self.live

    def _look_again(self) -> None:
        """Look at modules that were being imported when they were looked at, or that are the program itself."""
        if not self._unfinished or not _lock.acquire(blocking=False):  # whoever has it does not wait for an import
            return
        try:
            for module in list(self._unfinished):
                if _is_unfinished(module) and module.__name__ != MAIN:
                    continue
                if module.__name__ != MAIN:
                    self._unfinished.remove(module)
                self.look(module)
        finally:
            _lock.release()


def apply(agents: Agents) -> None:
    """
    Follow what `agents` names, and nothing else that was named before, in modules imported already and later.

    The same again changes nothing. Never raises.
    """
    global _last  # noqa: PLW0603 - the process has one agents file
    with _changing:
        former = _last
        if former is not None:
            if former.live and former.agents == agents:
                return
            former.end()
        _last = _Application(agents)
        _last.begin()


def withdraw() -> None:
    """Leave everything as it was."""
    with _changing:
        if _last is not None:
            _last.end()


def sightings() -> list[dict[str, Any]]:
    """Return what became of each target in this process, also of those that are no longer in force."""
    found = _last
    if found is None:
        return []
    return [one.told(found.agents.where) for one in found.sightings]


def _look_at_program(program: ModuleType) -> None:
    if _last is not None:
        _last.look(program)


def _is_unfinished(module: ModuleType) -> bool:
    return module.__name__ == MAIN or bool(getattr(namespace_of(module).get("__spec__"), "_initializing", False))
