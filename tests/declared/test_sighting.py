from __future__ import annotations

from types import ModuleType

import pytest

from orchestrace.declared.entry import entry_of
from orchestrace.declared.sighting import Sighting, reason
from orchestrace.declared.target import Target

MODULE = """
    class Crafter:
        def run(self): ...
    def draft(): ...
    number = 1
"""


class TestReason:
    @pytest.mark.parametrize(
        ("names", "why"),
        [
            ("Craftr.run", "{} has no class 'Craftr'. Did you mean 'Crafter'?"),
            ("Crafter.rnu", "{}.Crafter has no method 'rnu'. Did you mean 'run'?"),
            ("draaft", "{} has no function or class 'draaft'. Did you mean 'draft'?"),
            ("number.run", "{}.number has no method 'run'."),
            ("number", "{}.number is an object of type int: it is no function."),
            ("Z*", "{} has no function or class 'Z*'."),
        ],
    )
    def test_says_what_it_may_have_been_meant_for(self, module: ModuleType, names: str, why: str) -> None:
        """The first part of the name that is not there."""
        target = Target(module.__name__, tuple(names.split(".")))

        assert (why.format(module.__name__), True) == reason(target)

    def test_a_module_that_was_not_imported(self, package: str, module: ModuleType) -> None:
        """Perhaps this program does not need it."""
        assert (f"no module of that name was imported. Did you mean '{module.__name__}'?", False) == reason(
            Target(f"{package}.agnts", ("draft",))
        )
        assert ("no module that matches was imported.", False) == reason(Target("qqqq.*", ("draft",)))

    def test_what_was_defined_too_late(self, module: ModuleType) -> None:
        """It is there, and nothing follows it."""
        why, imported = reason(Target(module.__name__, ("draft",)))

        assert (True, True) == (why.startswith(f"{module.__name__}.draft was defined after the file"), imported)

    def test_what_was_found_and_refused(self) -> None:
        """The refusal is the reason."""
        assert ("it is no function", True) == reason(Target("a", ("b",)), "it is no function")


class TestSighting:
    def test_is_told_as_data(self) -> None:
        """With its place in the file."""
        entry = entry_of({"target": "qqqq:f", "role": "tool"}, 7)
        sighting = Sighting(entry)
        sighting.meets(len, {})
        told = sighting.told("agents.yaml")
        expected = {
            "target": "qqqq:f",
            "place": "agents.yaml:7",
            "followed": 0,
            "decorated": 1,
            "refused": "",
            "why": "",
        }

        assert expected | {"imported": True} == told
        assert (
            "configure(agents=…)"
            == Sighting(entry_of({"target": "qqqq:f", "role": "tool"}, None)).told("configure(agents=…)")["place"]
        )

    def test_knows_whose_a_function_is(self) -> None:
        """The program's, another target's or its own."""
        mine, other = (Sighting(entry_of({"target": f"a:{name}", "role": "tool"}, None)) for name in "xy")
        mine.meets(len, {id(len): (len, mine)})
        assert (0, "") == (mine.decorated, mine.refused)
        mine.meets(len, {id(len): (len, other)})

        assert "a:y names it already: of targets that name the same, the first one counts." == mine.refused
        assert not mine.appeared
