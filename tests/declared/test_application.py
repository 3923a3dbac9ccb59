from __future__ import annotations

import abc
import asyncio
import copy
import dataclasses
import functools
import gc
import inspect
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from orchestrace.declared.application import sightings, withdraw
from orchestrace.recording.guard import faults
from orchestrace.testing import Spans

KINDS = """
    import attrs, dataclasses, enum, pydantic, typing

    class Model(pydantic.BaseModel):
        x: int = 1
        def run(self, job): return job
    @attrs.define
    class Attrs:
        x: int = 1
        def run(self, job): return job
    @dataclasses.dataclass(slots=True)
    class Slots:
        x: int = 1
        def run(self, job): return job
    class Generic(typing.Generic[typing.TypeVar("T")]):
        def run(self, job): return job
    class Protocol(typing.Protocol):
        def run(self, job): return job
    class Real(Protocol):
        pass
    class Enum(enum.Enum):
        A = 1
        def run(self, job): return job
    class Named(typing.NamedTuple):
        x: int = 1
        def run(self, job): return job
    class Meta(type):
        def run(cls, job): return job
    class OfMeta(metaclass=Meta):
        pass
"""

AGENTS = """
    import functools
    import orchestrace

    class Crafter:
        "Crafts e-mails."
        limit = 3

        def run(self, job: str, again: int = 0) -> str:
            "Craft one e-mail."
            return self.run(job, again - 1) if again else f"Dear {job}"

        def __call__(self, job): return self.run(job)
        async def arun(self, job): return job
        def words(self, job):
            yield "Dear"
            yield job
        async def awords(self, job):
            yield job
        @classmethod
        def made(cls): return cls()
        @staticmethod
        def split(text): return text.split()
        @property
        def tone(self): return "warm"
        def _private(self): return 1

        class Inner:
            def run(self): return "inner"

    class Formal(Crafter):
        def run(self, job, again=0):
            return super().run(job, again) + ", hereby"

    class Plain(Crafter):
        pass

    def draft(job): return f"Dear {job}"
    async def adraft(job): return job
    def words(job):
        yield job
    @functools.lru_cache
    def cached(job): return job

    @orchestrace.tool(name="mine")
    def decorated(job): return job

    class Tool:
        __name__ = "tool"
        def __call__(self, job): return job
    tool = Tool()
"""


@pytest.fixture
def agents(write: Any, load: Any) -> Callable[[], Any]:
    """Return how to import a module with agents."""
    write("agents", AGENTS)
    return lambda: load("agents")


@pytest.fixture(params=["imported before", "imported later"])
def named(request: pytest.FixtureRequest, agents: Any, declare: Any) -> Callable[..., Any]:
    """Return how to declare targets, and to get their module, in either order."""

    def declare_and_load(*targets: dict[str, Any]) -> Any:
        if request.param == "imported before":
            agents()
        declare(*targets)
        return agents()

    return declare_and_load


def target(what: str, role: str = "tool", **options: Any) -> dict[str, Any]:
    """Return an entry for something of that module."""
    return {"target": f"shop.agents:{what}", "role": role, **options}


def names(spans: Spans) -> list[str]:
    """Return the names of all spans, in the order in which they ended."""
    return [span.name for span in spans]


def told() -> dict[str, dict[str, Any]]:
    """Return what became of each target, by what it names."""
    return {one["target"].partition(":")[2]: one for one in sightings()}


async def gathered(stream: Any) -> list[Any]:
    """Return the items of an asynchronous stream."""
    return [item async for item in stream]


CALLS: dict[str, Callable[[Any], Any]] = {
    "draft": lambda module: module.draft("Ada"),
    "adraft": lambda module: asyncio.run(module.adraft("Ada")),
    "words": lambda module: list(module.words("Ada")),
    "cached": lambda module: module.cached("Ada"),
    "Crafter.run": lambda module: module.Crafter().run("Ada"),
    "Crafter.arun": lambda module: asyncio.run(module.Crafter().arun("Ada")),
    "Crafter.words": lambda module: list(module.Crafter().words("Ada")),
    "Crafter.awords": lambda module: asyncio.run(gathered(module.Crafter().awords("Ada"))),
    "Crafter.made": lambda module: module.Crafter.made(),
    "Crafter.split": lambda module: module.Crafter.split("a b"),
    "Crafter._private": lambda module: module.Crafter()._private(),
    "Crafter.Inner.run": lambda module: module.Crafter.Inner().run(),
    "Plain.run": lambda module: module.Plain().run("Ada"),
}


class TestApply:
    @pytest.mark.parametrize("what", CALLS)
    def test_each_kind_is_followed(self, named: Any, what: str, orchestrace_spans: Spans) -> None:
        """Functions, methods, generators, in either colour, nested and inherited, whenever they are imported."""
        module = named(target(what, name="it"))
        CALLS[what](module)

        assert ["execute_tool it"] == names(orchestrace_spans)

    @pytest.mark.parametrize("what", CALLS)
    def test_everything_is_put_back(self, named: Any, what: str, orchestrace_spans: Spans) -> None:
        """What somebody still holds of it records nothing."""
        owner, _, name = what.rpartition(".")
        module = named()
        home = functools.reduce(getattr, filter(None, owner.split(".")), module)
        before = dict(vars(home))
        module = named(target(what))
        held = inspect.getattr_static(home, name)
        withdraw()
        CALLS[what](module)

        assert before == dict(vars(home))
        assert held is not inspect.getattr_static(home, name)
        assert [] == names(orchestrace_spans)

    def test_a_name_that_was_imported_before_is_followed(
        self, write: Any, load: Any, agents: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """`from shop.agents import draft` elsewhere, under whatever name, and put back there as well."""
        write("app", "from shop.agents import draft as write\ndef main(): return write('Ada')")
        app, module = load("app"), agents()
        original = module.draft
        declare(target("draft"))
        app.main()
        followed = names(orchestrace_spans)
        withdraw()
        app.main()

        assert ["execute_tool draft"] == followed == names(orchestrace_spans)
        assert app.write is original is module.draft

    def test_it_can_be_put_into_force_again(self, named: Any, orchestrace_spans: Spans) -> None:
        """Everywhere, as if it had not been before."""
        said = target("draft"), target("Crafter+.run", "agent")
        module = named(*said)
        withdraw()
        named(*said)
        module.draft("Ada")
        module.Formal().run("Ada")

        assert ["execute_tool draft", "invoke_agent Formal"] == names(orchestrace_spans)

    def test_the_same_again_changes_nothing(self, named: Any) -> None:
        """`configure()` may read the file that the distro has read."""
        once = named(target("draft")).draft

        assert once is named(target("draft")).draft

    def test_other_targets_take_the_place_of_those_before(self, named: Any, orchestrace_spans: Spans) -> None:
        """A process has one agents file."""
        named(target("draft"))
        module = named(target("Crafter.split"))
        module.draft("Ada")
        module.Crafter.split("a")

        assert ["execute_tool split"] == names(orchestrace_spans)

    def test_what_is_decorated_stays_one_span(self, named: Any, orchestrace_spans: Spans) -> None:
        """And is what the program says it is."""
        named(target("decorated", "agent")).decorated("Ada")

        assert ["execute_tool mine"] == names(orchestrace_spans)
        assert (0, 1) == (told()["decorated"]["followed"], told()["decorated"]["decorated"])

    def test_functions_stay_what_they_are(self, named: Any) -> None:
        """Signature, kind, pickling, copying and types are those of the program."""
        before = named()
        kept = {name: inspect.signature(getattr(before.Crafter, name)) for name in ("run", "made", "split")}
        module = named(target("Crafter.*"), target("draft"), target("words"), target("adraft"))
        crafter = module.Crafter()

        assert kept == {name: inspect.signature(getattr(module.Crafter, name)) for name in kept}
        assert inspect.isgeneratorfunction(module.words)
        assert inspect.iscoroutinefunction(module.adraft)
        assert module.draft is pickle.loads(pickle.dumps(module.draft))  # noqa: S301 - our own
        assert isinstance(pickle.loads(pickle.dumps(crafter)), module.Crafter)  # noqa: S301 - as above
        assert "Dear Ada" == copy.deepcopy(crafter).run("Ada")
        assert isinstance(module.Formal(), module.Crafter)

    def test_the_first_target_of_several_counts(self, named: Any, orchestrace_spans: Spans) -> None:
        """The order is that of the file; the other one is told why it is none."""
        module = named(target("Formal.run", "agent", name="formal"), target("Crafter+.run", "agent", name="family"))
        module.Formal().run("Ada")
        module.Plain().run("Ada")

        assert ["invoke_agent formal", "invoke_agent family"] == names(orchestrace_spans)

    def test_a_target_that_others_name_already_is_told(self, named: Any) -> None:
        """Nothing is left of it."""
        named(target("Crafter.*"), target("Crafter.run", "agent"))

        assert "shop" in told()["Crafter.run"]["why"]
        assert "Crafter.* names it already" in told()["Crafter.run"]["why"]


class TestWildcards:
    def test_stand_for_public_functions_that_are_defined_there(self, named: Any, orchestrace_spans: Spans) -> None:
        """Not for what begins with an underscore, nor for what was imported."""
        module = named(target("*"), target("Crafter.*"))
        module.draft("Ada")
        module.Crafter()._private()
        module.functools.reduce(max, [1, 2])

        assert ["execute_tool draft"] == names(orchestrace_spans)

    def test_of_classes_and_modules(
        self, write: Any, load: Any, agents: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """Modules that are there, and such as come later."""
        write("later", "class Late:\n    def run(self): pass\n")
        module = agents()
        declare({"target": "shop.*:*.run", "role": "agent"})
        module.Formal().run("Ada")
        load("later").Late().run()

        assert ["invoke_agent Formal", "invoke_agent Late"] == names(orchestrace_spans)

    def test_a_module_that_was_loaded_anew(
        self, package: str, agents: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """Each time that it is imported it is looked at."""
        declare(target("draft"))
        for _ in range(3):
            agents().draft("Ada")
            del sys.modules[f"{package}.agents"]

        assert 3 * ["execute_tool draft"] == names(orchestrace_spans)


class TestFamilies:
    def test_of_a_class_and_all_derived_from_it(self, named: Any, orchestrace_spans: Spans) -> None:
        """Those that are there, those of other modules, and those made in a function later; `super()` is one run."""
        module = named(target("Crafter+.run", "agent"))

        class Here(module.Formal):  # type: ignore[misc,name-defined] # a class at run time
            def run(self, job: str, again: int = 0) -> str:
                return super().run(job, again) + "!"

        made: Any = type("Made", (module.Crafter,), {"run": lambda self, job: "made"})
        for kind in (module.Crafter, module.Formal, module.Plain, Here, made):
            kind().run("Ada")

        expected = ["Crafter", "Formal", "Plain", "Here", "Made"]
        assert [f"invoke_agent {name}" for name in expected] == names(orchestrace_spans)

    def test_a_method_that_calls_itself_is_several_runs(self, named: Any, orchestrace_spans: Spans) -> None:
        """It is another run each time; only `super()` is the same."""
        named(target("Crafter+.run", "agent")).Formal().run("Ada", 1)

        assert 2 == len(orchestrace_spans)

    def test_subclasses_are_put_back(self, named: Any, orchestrace_spans: Spans) -> None:
        """Nothing is left in any class."""
        module = named(target("Crafter+.run", "agent"))

        class Here(module.Crafter):  # type: ignore[misc,name-defined] # as above
            def run(self, job: str) -> str:
                return job

        withdraw()
        Here().run("Ada")

        assert not hasattr(Here.run, "__wrapped__")
        assert "__init_subclass__" not in vars(module.Crafter)
        assert [] == names(orchestrace_spans)

    @pytest.mark.parametrize("order", ["before", "later"])
    def test_classes_of_every_kind(
        self, write: Any, load: Any, declare: Any, order: str, orchestrace_spans: Spans
    ) -> None:
        """Models, copies that decorators make for slots, generics, protocols, enumerations, metaclasses."""
        write("kinds", KINDS)
        if order == "before":
            load("kinds")
        kinds = ["Model", "Attrs", "Slots", "Generic", "Protocol", "Enum", "Named", "Meta"]
        declare(*({"target": f"shop.kinds:{kind}+.run", "role": "agent"} for kind in kinds))
        kinds_of = load("kinds")

        @attrs.define
        class Attrs2(kinds_of.Attrs):  # type: ignore[misc,name-defined] # a class at run time
            y: int = 2

            def run(self, job: str) -> Any:
                return super().run(job)

        @dataclasses.dataclass(slots=True)
        class Slots2(kinds_of.Slots):  # type: ignore[misc,name-defined] # as above
            y: int = 2

            def run(self, job: str) -> Any:
                return super(Slots2, self).run(job)

        class Model2(kinds_of.Model):  # type: ignore[misc,name-defined] # as above
            y: int = 2

            def run(self, job: str) -> Any:
                return super().run(job)

        objects = [kinds_of.Model(), kinds_of.Attrs(), kinds_of.Slots(), kinds_of.Generic(), kinds_of.Real()]
        objects += [kinds_of.Enum.A, kinds_of.Named(), kinds_of.OfMeta, Attrs2(), Slots2(), Model2()]
        results = [one.run("Ada") for one in objects]
        followed = names(orchestrace_spans)
        withdraw()
        again = [one.run("Ada") for one in objects]

        assert len(objects) * ["Ada"] == results == again
        assert len(objects) == len(followed) == len(orchestrace_spans)
        assert "invoke_agent Slots2" in followed
        assert ["", ""] == [Model2.model_json_schema().get("description", ""), Model2.__doc__ or ""]
        assert {} == {where: count for where, count in faults().items() if where == "agents file"}

    def test_abstract_methods_stay_abstract(
        self, write: Any, load: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """A metaclass sees what it saw before."""
        write("bases", "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def run(self): ...\n")
        declare({"target": "shop.bases:Base+.run", "role": "agent"})
        base: Any = load("bases").Base

        class Real(base):
            def run(self) -> int:
                return 1

        assert inspect.isabstract(base)
        assert not inspect.isabstract(Real)
        assert 1 == Real().run()
        assert isinstance(base, abc.ABCMeta)
        assert ["invoke_agent Real"] == names(orchestrace_spans)

    def test_options_of_class_statements_pass_through(
        self, write: Any, load: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """What a class asks of those that are derived from it, it still gets."""
        write(
            "bases",
            """
            class Base:
                made = []
                def __init_subclass__(cls, *, tone, **options):
                    super().__init_subclass__(**options)
                    Base.made.append((cls.__name__, tone))
                def run(self): return 1
            """,
        )
        module = load("bases")
        before = module.Base.__dict__["__init_subclass__"]
        declare({"target": "shop.bases:Base+.run", "role": "agent"})
        type("Sub", (module.Base,), {"run": lambda self: 2}, tone="warm")().run()
        withdraw()

        assert [("Sub", "warm")] == module.Base.made
        assert ["invoke_agent Sub"] == names(orchestrace_spans)
        assert before is module.Base.__dict__["__init_subclass__"]


class TestClasses:
    def test_an_agent_is_the_method_that_runs_it(self, named: Any, orchestrace_spans: Spans) -> None:
        """`__call__`, or another; it is described by the class, as if the class were decorated."""
        module = named(target("Crafter", "agent", method="run"))
        module.Formal()("Ada")

        assert ["invoke_agent Formal"] == names(orchestrace_spans)
        withdraw()
        module = named(target("Crafter", "agent"))
        module.Crafter()("Ada")

        assert "Crafts e-mails." == orchestrace_spans[-1].attributes["gen_ai.agent.description"]

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            (target("Crafter"), "the class Crafter cannot be the tool itself"),
            (target("Crafter", "agent", method="rnu"), "the class Crafter has no rnu: name the method"),
            (target("Crafter.tone"), "tone is an object of type property"),
            (target("draft", reference_only=["jbo"]), "has no such argument. It has job."),
            (target("tool"), "tool is an object of type Tool: it is no function."),
            (target("Craftr.run"), "has no class 'Craftr'. Did you mean 'Crafter'?"),
            (target("Crafter.rnu"), "has no method 'rnu'. Did you mean 'run'?"),
            (target("draaft"), "has no function or class 'draaft'. Did you mean 'draft'?"),
            ({"target": "shop.agent:draft", "role": "tool"}, "no module of that name was imported. Did you mean 'shop"),
        ],
    )
    def test_what_cannot_be_followed_is_left_and_told(self, named: Any, said: Any, why: str) -> None:
        """The program keeps it as it is; doctor says why."""
        named(said)
        [one] = sightings()

        assert why in one["why"]
        assert (0, 0) == (one["followed"], one["decorated"])

    def test_a_metaclass_that_takes_no_changes(self, write: Any, load: Any, declare: Any) -> None:
        """It is no fault of the program's, and does not reach it."""
        write(
            "strict",
            """
            class Meta(type):
                def __setattr__(cls, name, value): raise RuntimeError("never")
            class Strict(metaclass=Meta):
                def run(self): return 1
            """,
        )
        declare({"target": "shop.strict:Strict.run", "role": "agent"})

        assert 1 == load("strict").Strict().run()
        assert "run cannot be replaced: RuntimeError." == sightings()[0]["why"]

    def test_what_another_library_has_wrapped(
        self, write: Any, load: Any, declare: Any, orchestrace_spans: Spans
    ) -> None:
        """It is still told which object it is called on; a classmethod in a proxy of theirs is left alone."""
        write(
            "wrapped",
            """
            import wrapt

            @wrapt.decorator
            def noted(wrapped, instance, args, kwargs):
                return type(instance).__name__, wrapped(*args, **kwargs)

            class Crafter:
                @noted
                def run(self, job): return job
                @noted
                @classmethod
                def made(cls): return cls.__name__

            @noted
            def draft(job): return job
            """,
        )
        declare({"target": "shop.wrapped:*", "role": "tool"}, {"target": "shop.wrapped:Crafter.*", "role": "agent"})
        module = load("wrapped")
        results = module.Crafter().run("Ada"), module.Crafter.made(), module.Crafter().made(), module.draft("Ada")

        assert (("Crafter", "Ada"), ("type", "Crafter"), ("type", "Crafter"), ("NoneType", "Ada")) == results
        assert ["invoke_agent Crafter", "execute_tool draft"] == names(orchestrace_spans)


class TestModules:
    def test_one_that_is_being_imported(self, write: Any, load: Any, declare: Any, orchestrace_spans: Spans) -> None:
        """A module that configures us at its top is looked at again when it is complete."""
        write(
            "app",
            """
            from orchestrace.declared import application, reading
            application.apply(reading.read({"agents": [{"target": "shop.app:main", "role": "agent"}]}))
            def main(): return 1
            """,
        )
        write("more", "")
        module = load("app")
        load("more")  # any import will do
        module.main()
        withdraw()

        assert ["invoke_agent main"] == names(orchestrace_spans)

    def test_imports_in_many_threads(self, write: Any, load: Any, declare: Any, orchestrace_spans: Spans) -> None:
        """Each is looked at before its importer goes on, and nobody waits for anybody else."""
        for number in range(20):
            write(f"part{number}", f"def f{number}(): return {number}")
        declare({"target": "shop.*:f*", "role": "tool"})
        threads = [
            threading.Thread(target=lambda n=n: getattr(load(f"part{n}"), f"f{n}")())  # type: ignore[misc] # a default
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert sorted(f"execute_tool f{n}" for n in range(20)) == sorted(names(orchestrace_spans))

    def test_put_into_force_and_taken_back_while_others_import(self, write: Any, load: Any, declare: Any) -> None:
        """Nobody waits for ever, and nothing of ours stays."""
        write("bases", "class Base:\n    def run(self): return 1")
        for number in range(30):
            text = "from shop.bases import Base\nclass Sub(Base):\n    def run(self): return 2\ndef craft(): return 3"
            write(f"part{number}", text)
        base = load("bases").Base
        done = threading.Event()

        def change() -> None:
            while not done.is_set():
                declare({"target": "shop.bases:Base+.run", "role": "agent"}, {"target": "shop.*:craft", "role": "tool"})
                withdraw()

        def imports(first: int) -> None:
            for number in range(first, 30, 3):
                load(f"part{number}")

        changing = [threading.Thread(target=change) for _ in range(2)]
        importing = [threading.Thread(target=imports, args=(first,)) for first in range(3)]
        for thread in [*changing, *importing]:
            thread.start()
        for thread in importing:
            thread.join(60)
        done.set()
        for thread in changing:
            thread.join(60)
        withdraw()
        parts = [load(f"part{number}") for number in range(30)]

        assert not any(thread.is_alive() for thread in [*changing, *importing])
        assert "__init_subclass__" not in vars(base)
        assert not [one for one in sys.meta_path if type(one).__name__ == "Watch"]
        assert not [
            part for part in parts if hasattr(part.Sub.run, "__wrapped__") or hasattr(part.craft, "__wrapped__")
        ]

    def test_nothing_keeps_a_module_alive_that_was_withdrawn(self, write: Any, load: Any, declare: Any) -> None:
        """Hooks stay, and hold nothing."""
        write("gone", "class Gone:\n    def run(self): return 1\n")
        declare({"target": "shop.gone:Gone+.run", "role": "agent"})
        load("gone")
        withdraw()
        gc.collect()

        assert [] == [one for one in sys.meta_path if type(one).__name__ == "Watch"]
