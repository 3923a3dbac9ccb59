from __future__ import annotations

from typing import Any

from orchestrace.declared.search import Found
from orchestrace.declared.substitution import Substitutes

MODULE = """
    class Crafter:
        def run(self): return "run"
    class Formal(Crafter): pass
    def draft(): return "draft"
    again = draft
"""


def another() -> Any:
    """Return a function that stands for another, and for nothing else."""
    return lambda *_: "other"


class TestSubstitutes:
    def test_stand_wherever_the_module_or_others_hold_it(self, write: Any, load: Any) -> None:
        """By whatever name; and everything is put back, in modules that came later as well."""
        write("agents", MODULE)
        write("before", "from shop.agents import draft as d")
        write("after", "from shop.agents import draft as d")
        module, before = load("agents"), load("before")
        original, substitutes, other = module.draft, Substitutes(), another()
        substitutes.put(Found(module, "draft", original), other)
        substitutes.spread()
        after = load("after")
        held = [module.draft, module.again, before.d, after.d]
        substitutes.undo()

        assert 4 * [other] == held
        assert 4 * [original] == [module.draft, module.again, before.d, after.d]

    def test_stand_in_a_class_for_what_it_inherits(self, write: Any, load: Any) -> None:
        """Only there; afterwards it inherits again."""
        write("agents", MODULE)
        module, substitutes = load("agents"), Substitutes()
        substitutes.put(Found(module.Formal, "run", module.Crafter.run), another())
        seen = module.Formal().run(), module.Crafter().run()
        substitutes.undo()

        assert ("other", "run") == seen
        assert "run" not in vars(module.Formal)
        assert "run" == module.Formal().run()

    def test_what_somebody_else_has_put_there_stays(self, write: Any, load: Any) -> None:
        """It is not ours to take away."""
        write("agents", MODULE)
        module, substitutes = load("agents"), Substitutes()
        substitutes.put(Found(module.Crafter, "run", module.Crafter.run), another())
        module.Crafter.run = theirs = another()
        substitutes.undo()

        assert theirs is module.Crafter.__dict__["run"]

    def test_a_class_that_changed_its_mind(self, write: Any, load: Any) -> None:
        """Nothing is raised; what is wrapped records nothing by then."""
        write(
            "strict",
            """
            class Meta(type):
                frozen = False
                def __setattr__(cls, name, value):
                    if Meta.frozen: raise TypeError("frozen")
                    super().__setattr__(name, value)
            class Strict(metaclass=Meta):
                def run(self): ...
            """,
        )
        module, substitutes = load("strict"), Substitutes()
        other = another()
        substitutes.put(Found(module.Strict, "run", module.Strict.run), other)
        module.Meta.frozen = True
        substitutes.undo()

        assert other is module.Strict.run
