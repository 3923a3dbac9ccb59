from __future__ import annotations

import abc
import asyncio
import copy
import dataclasses
import functools
import inspect
import json
import operator
import pickle
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import MethodType
from typing import Any, Generic, TypeVar

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrace
from orchestrace.exceptions import UsageError
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.testing import Spans, capture
from orchestrace.wrapping import is_followed, release, wrap

T = TypeVar("T")
VERBS = {
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "generator": "generate",
    "evaluator": "evaluate",
    "tool": "execute_tool",
    "retriever": "retrieval",
}
each_role = pytest.mark.parametrize("role", VERBS)


# -- what is decorated in these tests ---------------------------------------------------------------------------------
def plain(job: str, limit: int = 3, *rest: int, strict: bool = True, **more: object) -> dict[str, object]:
    """
    Answer plainly.

    In a dict.
    """
    return {"job": job, "limit": limit, "rest": rest, "strict": strict, "more": more}


async def awaited(job: str, limit: int = 3) -> tuple[str, int]:
    """Answer when awaited."""
    return job, limit


def yielding(count: int) -> Generator[int, str, str]:
    """Yield numbers, return the last word that was sent."""
    word = ""
    for number in range(count):
        word = (yield number) or word
    return word


async def streaming(count: int) -> AsyncIterator[int]:
    """Yield numbers, asynchronously."""
    for number in range(count):
        yield number


KINDS: dict[str, Callable[..., Any]] = {
    "function": plain,
    "coroutine function": awaited,
    "generator": yielding,
    "async generator": streaming,
}
each_kind = pytest.mark.parametrize("function", KINDS.values(), ids=KINDS)


class Undecorated:
    """Is called, in several ways."""

    tone = "warm"

    def run(self, job: str) -> str:
        """Run it."""
        return f"{self.tone} {job}"

    def __call__(self, job: str) -> str:
        """Call it."""
        return f"{self.tone} {job}"


class AwaitedCall:
    """Is called, and then awaited."""

    async def __call__(self, job: str) -> str:
        """Call it."""
        return job


class Crafter:
    """Crafts texts."""

    def __init__(self, tone: str = "warm") -> None:
        self.tone = tone

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Crafter) and self.tone == other.tone

    __hash__ = None  # type: ignore[assignment] # it can be changed

    @orchestrace.agent
    def run(self, job: str, again: int = 0) -> str:
        """Run it."""
        return self.run(job, again - 1) if again else f"{self.tone} {job}"

    @orchestrace.agent
    async def arun(self, job: str) -> str:
        """Run it, when awaited."""
        return f"{self.tone} {job}"

    @orchestrace.agent
    def words(self, job: str) -> Iterator[str]:
        """Run it word by word."""
        yield self.tone
        yield job

    @orchestrace.agent
    async def awords(self, job: str) -> AsyncIterator[str]:
        """Run it word by word, asynchronously."""
        yield self.tone
        yield job

    @classmethod
    @orchestrace.tool
    def made(cls, tone: str) -> Crafter:
        """Decorated inside of classmethod."""
        return cls(tone)

    @orchestrace.tool
    @classmethod
    def made_too(cls, tone: str) -> Crafter:
        """Decorated outside of classmethod."""
        return cls(tone)

    @staticmethod
    @orchestrace.tool
    def split(text: str) -> list[str]:
        """Decorated inside of staticmethod."""
        return text.split()

    @orchestrace.tool
    @staticmethod
    def split_too(text: str) -> list[str]:
        """Decorated outside of staticmethod."""
        return text.split()

    @property
    @orchestrace.tool
    def mood(self) -> str:
        """Decorated under property."""
        return self.tone


class Shouter(Crafter):
    """Crafts loud texts."""

    @orchestrace.agent
    def run(self, job: str, again: int = 0) -> str:
        """Run it loudly."""
        return super().run(job, again).upper()

    @orchestrace.agent
    async def arun(self, job: str) -> str:
        """Run it loudly, when awaited."""
        return (await super().arun(job)).upper()

    @orchestrace.agent
    def words(self, job: str) -> Iterator[str]:
        """Run it loudly, word by word."""
        yield from (word.upper() for word in super().words(job))

    @orchestrace.agent
    async def awords(self, job: str) -> AsyncIterator[str]:
        """Run it loudly, word by word, asynchronously."""
        async for word in super().awords(job):
            yield word.upper()

    @classmethod
    @orchestrace.tool
    def made(cls, tone: str) -> Crafter:
        """Make a loud one."""
        return super().made(tone.upper())


@orchestrace.tool
def pickled(word: str) -> str:
    """Stand where pickle finds it."""
    return word.upper()


def decorated(function: Any, role: str = "tool", **options: object) -> Any:
    """Decorate as a program does, bare or with arguments."""
    decorator = getattr(orchestrace, role)
    return decorator(**options)(function) if options else decorator(function)


async def collected(items: AsyncIterator[T]) -> list[T]:
    """Return what an async generator yields."""
    return [item async for item in items]


async def run_every_kind(role: str, **options: object) -> None:
    """Call a decorated function of every kind, to its end."""
    decorated(plain, role, **options)("engineer")
    await decorated(awaited, role, **options)("engineer")
    list(decorated(yielding, role, **options)(2))
    await collected(decorated(streaming, role, **options)(2))


def arguments_of(spans: Spans, name: str) -> object:
    """Return the recorded arguments of the only span of that name."""
    attributes = spans.attributes(name)
    return json.loads(str(attributes.get("input.value") or attributes["gen_ai.tool.call.arguments"]))


# -- tests ------------------------------------------------------------------------------------------------------------
class TestFunctions:
    @each_role
    @pytest.mark.parametrize("options", [{}, {"name": None}], ids=["bare", "with arguments"])
    def test_every_kind_is_followed_to_its_end(
        self, role: str, options: dict[str, object], orchestrace_spans: Spans
    ) -> None:
        """One span each, named after the function, that ends when the body does and not when the call returns."""
        asyncio.run(run_every_kind(role, **options))
        verb = VERBS[role]

        assert (
            f"{verb} plain orchestrace.ending=returned\n"
            f"{verb} awaited orchestrace.ending=returned\n"
            f"{verb} yielding orchestrace.ending=drained\n"
            f"{verb} streaming orchestrace.ending=drained"
        ) == orchestrace_spans.tree("orchestrace.ending")

    def test_what_comes_back_is_what_the_function_gave(self) -> None:
        """The very same object, and what a generator is sent and returns."""
        thing = object()
        generator = decorated(yielding)(2)

        assert thing is decorated(lambda: thing)()
        assert [0, 1] == [next(generator), generator.send("word")]
        with pytest.raises(StopIteration, match="word"):
            next(generator)

    def test_arguments_are_recorded_by_name(self, orchestrace_spans: Spans) -> None:
        """Defaults and further arguments, too."""
        decorated(plain)("engineer", 2, 7, 8, city="Bern")

        assert {"job": "engineer", "limit": 2, "rest": [7, 8], "strict": True, "city": "Bern"} == arguments_of(
            orchestrace_spans, "execute_tool plain"
        )

    def test_a_function_that_is_not_declared_async_ends_when_it_returns(self, orchestrace_spans: Spans) -> None:
        """A coroutine that it hands out is a value like any other."""
        coroutine = decorated(lambda: awaited("engineer"))()
        names = [span.name for span in orchestrace_spans]

        assert ["execute_tool <lambda>"] == names
        assert ("engineer", 3) == asyncio.run(coroutine)


class TestMethods:
    @pytest.mark.parametrize(
        ("call", "name"),
        [
            (lambda: Crafter().run("job"), "invoke_agent Crafter"),
            (lambda: Crafter.run(Crafter(), "job"), "invoke_agent Crafter"),
            (lambda: asyncio.run(Crafter().arun("job")), "invoke_agent Crafter"),
            (lambda: list(Crafter().words("job")), "invoke_agent Crafter"),
            (lambda: asyncio.run(collected(Crafter().awords("job"))), "invoke_agent Crafter"),
            (lambda: Crafter.made("cool"), "execute_tool Crafter"),
            (lambda: Crafter().made_too("cool"), "execute_tool Crafter"),
            (lambda: Shouter.made_too("cool"), "execute_tool Shouter"),
            (lambda: Crafter.split("a b"), "execute_tool split"),
            (lambda: Crafter().split_too("a b"), "execute_tool split_too"),
            (lambda: Crafter().mood, "execute_tool Crafter"),
        ],
    )
    def test_they_are_named_after_the_class_of_the_object(
        self, call: Callable[[], object], name: str, orchestrace_spans: Spans
    ) -> None:
        """Or after the class itself; a staticmethod is a function."""
        call()

        assert [name] == [span.name for span in orchestrace_spans]

    def test_they_give_what_they_gave(self) -> None:
        """In either order with classmethod and staticmethod."""
        assert [Crafter("cool"), Crafter("cool")] == [Crafter.made("cool"), Crafter().made_too("cool")]
        assert [["a", "b"], ["a", "b"]] == [Crafter.split("a b"), Crafter().split_too("a b")]
        assert "warm" == Crafter().mood

    @pytest.mark.parametrize(
        ("name", "kind"),
        [("made", classmethod), ("made_too", classmethod), ("split", staticmethod), ("split_too", staticmethod)],
    )
    def test_they_stay_what_they_were(self, name: str, kind: type) -> None:
        """A classmethod is a classmethod, a staticmethod a staticmethod."""
        assert kind is type(inspect.getattr_static(Crafter, name))

    def test_the_object_is_no_input(self, orchestrace_spans: Spans) -> None:
        """What the method is called on does not stand among its arguments."""
        Crafter().run("job")

        assert {"job": "job", "again": 0} == arguments_of(orchestrace_spans, "invoke_agent Crafter")

    def test_abstract_methods_stay_abstract(self) -> None:
        """In either order."""

        class Base(abc.ABC):
            @orchestrace.agent
            @abc.abstractmethod
            def run(self) -> None: ...

            @abc.abstractmethod
            @orchestrace.tool
            def walk(self) -> None: ...

        assert {"run", "walk"} == Base.__abstractmethods__


class TestOtherCallables:
    @pytest.mark.parametrize(
        ("function", "arguments", "name", "value"),
        [
            (len, ["abc"], "len", 3),
            (min, [3, 1], "min", 1),  # has no signature
            ("a,b".split, [","], "split", ["a", "b"]),
            (dict.get, [{"a": 1}, "a"], "dict", 1),
            (operator.itemgetter(1), ["ab"], "itemgetter", "b"),
            (functools.partial(plain, "job", strict=False), [5], "plain", plain("job", 5, strict=False)),
            (Undecorated(), ["job"], "Undecorated", "warm job"),
            (Undecorated().run, ["job"], "Undecorated", "warm job"),
            (functools.lru_cache(len), ["abc"], "len", 3),
        ],
        ids=lambda given: type(given).__name__,
    )
    def test_they_are_followed(
        self, function: Callable[..., Any], arguments: list[object], name: str, value: object, orchestrace_spans: Spans
    ) -> None:
        """Builtins, methods of builtins, partials, objects with `__call__`, bound methods, caches."""
        assert value == decorated(function)(*arguments)
        assert [f"execute_tool {name}"] == [span.name for span in orchestrace_spans]

    def test_a_partial_stays_one(self, orchestrace_spans: Spans) -> None:
        """Of the same kind and signature; what it was given before is recorded with the rest."""
        before = functools.partial(awaited, "engineer")
        after = decorated(before)

        assert type(after) is functools.partial
        assert inspect.iscoroutinefunction(after)
        assert inspect.signature(before) == inspect.signature(after)
        assert ("engineer", 4) == asyncio.run(after(limit=4))
        assert {"job": "engineer", "limit": 4} == arguments_of(orchestrace_spans, "execute_tool awaited")

    def test_a_bound_method_stays_bound(self, orchestrace_spans: Spans) -> None:
        """It is followed as the method that it is: its object is no input, and can be selected from."""
        run = decorated(Undecorated().run, "agent", config="self.tone")

        assert type(run) is MethodType
        assert "warm job" == run("job")
        assert {"job": "job"} == arguments_of(orchestrace_spans, "invoke_agent Undecorated")
        assert '"warm"' == orchestrace_spans.attributes("invoke_agent Undecorated")["orchestrace.agent.config"]

    def test_an_object_becomes_its_bound_call(self, orchestrace_spans: Spans) -> None:
        """The object itself and its class are left alone."""
        thing = Undecorated()
        after = decorated(thing, "agent")

        assert thing is after.__self__
        assert inspect.signature(thing) == inspect.signature(after)
        assert "warm job" == thing("job")
        assert [] == list(orchestrace_spans)

    def test_an_object_that_is_awaited_is_followed_to_its_end(self, orchestrace_spans: Spans) -> None:
        """The kind is that of its `__call__`."""
        coroutine = decorated(AwaitedCall())("job")
        before = list(orchestrace_spans)

        assert "job" == asyncio.run(coroutine)
        assert ([], ["execute_tool AwaitedCall"]) == (before, [span.name for span in orchestrace_spans])

    def test_a_cache_under_the_decorator_can_still_be_cleared(self, orchestrace_spans: Spans) -> None:
        """What else the function can do is there; a call that the cache answers is recorded as well."""
        lookup = orchestrace.tool(functools.lru_cache(lambda word: [word]))
        found = lookup("a"), lookup("a")

        assert found[0] is found[1]
        assert (1, 1) == lookup.cache_info()[:2]
        lookup.cache_clear()
        assert found[0] is not lookup("a")
        assert "__call__" not in vars(lookup)
        assert 3 == len(orchestrace_spans)

    def test_a_cache_above_the_decorator_hides_what_it_answers(self, orchestrace_spans: Spans) -> None:
        """The function does not run, so there is no call."""
        lookup = functools.lru_cache(orchestrace.tool(lambda word: [word]))

        assert lookup("a") is lookup("a")
        assert 1 == len(orchestrace_spans)

    def test_single_dispatch_works_above_and_below(self, orchestrace_spans: Spans) -> None:
        """Implementations are registered and found as ever."""

        def show(value: object) -> str:
            return f"object {value}"

        above, below = (
            functools.singledispatch(orchestrace.tool(show)),
            orchestrace.tool(functools.singledispatch(show)),
        )
        for function in (above, below):
            function.register(int, lambda value: f"int {value}")

        assert ["object x", "int 1", "object x", "int 1"] == [f(value) for f in (above, below) for value in ("x", 1)]
        assert 3 == len(orchestrace_spans)  # above, only the decorated implementation is followed


class TestClasses:
    @pytest.mark.parametrize("options", [{}, {"version": "1"}], ids=["bare", "with arguments"])
    def test_without_a_method_it_is_the_call(self, options: dict[str, object], orchestrace_spans: Spans) -> None:
        """The class is the same class, and its objects are recorded when they are called."""

        class Caller:
            def __call__(self, job: str) -> str:
                return job

        after = decorated(Caller, "agent", **options)

        assert after is Caller
        assert "job" == Caller()("job")
        assert ["invoke_agent Caller"] == [span.name for span in orchestrace_spans]

    def test_the_named_method_alone_is_followed(self, orchestrace_spans: Spans) -> None:
        """Everything else is left as it is, `__call__` included."""

        @orchestrace.agent(method="run")
        class Runner(Undecorated):
            def run(self, job: str) -> str:
                return self(job)

        assert "warm job" == Runner().run("job")
        assert "invoke_agent Runner" == orchestrace_spans.tree()

    @pytest.mark.parametrize(
        "made",
        [
            dataclasses.dataclass,
            dataclasses.dataclass(slots=True),
            dataclasses.dataclass(frozen=True),
            attrs.define,
            attrs.frozen,
            attrs.define(slots=False),
        ],
        ids=["dataclass", "slots", "frozen", "attrs", "attrs frozen", "attrs without slots"],
    )
    @pytest.mark.parametrize("first", [True, False], ids=["decorated first", "decorated last"])
    def test_generated_classes(self, made: Callable[[type], type], orchestrace_spans: Spans, *, first: bool) -> None:
        """Above or below the decorator that generates, even where that makes a copy of the class."""

        class Runner:
            limit: int = 3

            def run(self, job: str) -> str:
                return job * self.limit

        agent = orchestrace.agent(method="run", config="self")
        kind = made(agent(Runner)) if first else agent(made(Runner))
        runner = kind(limit=2)

        assert "jobjob" == runner.run("job")
        assert runner == copy.deepcopy(runner)
        assert "jobjobjob" == type("Derived", (kind,), {})().run("job")
        assert '{"limit":2}' == orchestrace_spans.attributes("invoke_agent Runner")["orchestrace.agent.config"]
        assert "invoke_agent Derived" == orchestrace_spans[-1].name

    def test_models(self, orchestrace_spans: Spans) -> None:
        """A pydantic model has the fields, the schema and the values that it had."""

        class Runner(pydantic.BaseModel):
            limit: int = 3

            def run(self, job: str) -> str:
                return job * self.limit

        before = Runner.model_json_schema()
        orchestrace.agent(method="run")(Runner)

        assert (before, {"limit": 2}) == (Runner.model_json_schema(), Runner(limit=2).model_dump())
        assert "jobjob" == Runner(limit=2).run("job")
        assert "invoke_agent Runner" == orchestrace_spans.tree()

    def test_slots(self, orchestrace_spans: Spans) -> None:
        """Objects have no room for anything of ours, and need none."""

        @orchestrace.agent(method="run")
        class Runner:
            __slots__ = ("limit",)

            def run(self) -> bool:
                return hasattr(self, "__dict__")

        assert not Runner().run()
        assert "invoke_agent Runner" == orchestrace_spans.tree()

    def test_generic_classes(self, orchestrace_spans: Spans) -> None:
        """Also when called through an alias, and for what is derived from one."""

        @orchestrace.agent
        class Caller(Generic[T]):
            def __call__(self, job: T) -> T:
                return job

        class Derived(Caller[int]):
            pass

        assert ["job", 1] == [Caller[str]()("job"), Derived()(1)]
        assert ["invoke_agent Caller", "invoke_agent Derived"] == [span.name for span in orchestrace_spans]

    def test_an_inherited_method_is_followed_here_only(self, orchestrace_spans: Spans) -> None:
        """The class it comes from is left alone."""

        @orchestrace.agent(method="run")
        class Runner(Undecorated):
            pass

        Undecorated().run("job")
        Runner().run("job")

        assert "invoke_agent Runner" == orchestrace_spans.tree()

    def test_class_methods_can_run_it(self, orchestrace_spans: Spans) -> None:
        """Whatever kind of method `method=` names."""

        @orchestrace.agent(method="run")
        class Runner:
            @classmethod
            def run(cls, job: str) -> str:
                return cls.__name__ + job

        assert "Runnerjob" == Runner.run("job")
        assert "invoke_agent Runner" == orchestrace_spans.tree()


class TestDerivedClasses:
    def test_what_is_inherited_is_followed_under_the_class_of_the_object(self, orchestrace_spans: Spans) -> None:
        """One span, named after `type(self)`."""

        class Quiet(Crafter):
            pass

        Quiet().run("job")

        assert "invoke_agent Quiet" == orchestrace_spans.tree()

    @pytest.mark.parametrize(
        "call",
        [
            lambda: Shouter().run("job"),
            lambda: asyncio.run(Shouter().arun("job")),
            lambda: " ".join(Shouter().words("job")),
            lambda: " ".join(asyncio.run(collected(Shouter().awords("job")))),
        ],
        ids=KINDS,
    )
    def test_a_method_and_the_one_it_overrides_are_one_call(
        self, call: Callable[[], str], orchestrace_spans: Spans
    ) -> None:
        """Through `super()`, for every kind of function."""
        assert "WARM JOB" == call()
        assert "invoke_agent Shouter gen_ai.agent.description=Run it loudly" in orchestrace_spans.tree(
            "gen_ai.agent.description"
        )
        assert 1 == len(orchestrace_spans)

    def test_classmethods_and_the_ones_they_override_are_one_call(self, orchestrace_spans: Spans) -> None:
        """The class is what they are called on."""
        assert "COOL" == Shouter.made("cool").tone
        assert "execute_tool Shouter" == orchestrace_spans.tree()

    def test_recursion_is_several_calls(self, orchestrace_spans: Spans) -> None:
        """The same method of the same object, once in the other; `super()` in between changes nothing."""
        Crafter().run("job", 1)
        Shouter().run("job", 2)

        assert (
            "invoke_agent Crafter\n"
            "  invoke_agent Crafter\n"
            "invoke_agent Shouter\n"
            "  invoke_agent Shouter\n"
            "    invoke_agent Shouter"
        ) == orchestrace_spans.tree()

    def test_another_object_of_the_same_class_is_another_call(self, orchestrace_spans: Spans) -> None:
        """An agent that asks its like."""

        class Asking(Crafter):
            @orchestrace.agent
            def run(self, job: str, again: int = 0) -> str:
                return Crafter.run(Shouter(), job) if again else super().run(job)

        Asking().run("job", 1)

        assert "invoke_agent Asking\n  invoke_agent Shouter" == orchestrace_spans.tree()

    @pytest.mark.parametrize("made", [lambda kind: kind, attrs.define], ids=["class", "attrs"])
    @pytest.mark.parametrize("says_super", [True, False])
    def test_what_overrides_the_method_of_a_decorated_class_is_followed(
        self, made: Callable[[type], type], orchestrace_spans: Spans, *, says_super: bool
    ) -> None:
        """As a whole, whether it calls `super()` or not: the decorator speaks for the class and all derived from it."""

        @orchestrace.agent(method="run", version="7")
        class Base:
            def run(self, job: str) -> str:
                return job

        @made
        class Derived(Base):
            """Derives."""

            def run(self, job: str) -> str:
                with orchestrace.tool(name="first"):
                    pass
                return super().run(job) if says_super else job

        assert "job" == Derived().run("job")
        assert (
            "invoke_agent Derived gen_ai.agent.version=7 gen_ai.agent.description=Derives.\n  execute_tool first"
        ) == orchestrace_spans.tree("gen_ai.agent.version", "gen_ai.agent.description")

    def test_of_an_abstract_class_its_implementations_are_followed(self, orchestrace_spans: Spans) -> None:
        """One decorator says it for all agents; the class stays abstract."""

        @orchestrace.agent(method="run")
        class Base(abc.ABC):
            @abc.abstractmethod
            def run(self) -> str: ...

        class Half(Base):
            @abc.abstractmethod
            def write(self) -> str: ...

            def run(self) -> str:
                return self.write()

        class Whole(Half):
            def write(self) -> str:
                return "text"

        assert "text" == Whole().run()
        assert "invoke_agent Whole" == orchestrace_spans.tree()
        for kind in (Base, Half):
            with pytest.raises(TypeError, match="abstract"):
                kind()

    def test_a_derived_class_can_say_otherwise(self, orchestrace_spans: Spans) -> None:
        """Its own decorator counts, on the class or on the method."""

        @orchestrace.agent(method="run", name="Base")
        class Base:
            def run(self) -> None: ...

        @orchestrace.agent(method="run", name="Class")
        class ByClass(Base):
            def run(self) -> None: ...

        class ByMethod(Base):
            @orchestrace.workflow(name="Method")
            def run(self) -> None: ...

        class Third(ByClass):
            def run(self) -> None: ...

        for kind in (Base, ByClass, ByMethod, Third):
            kind().run()

        assert (
            "invoke_agent Base\ninvoke_agent Class\ninvoke_workflow Method\ninvoke_agent Class"
        ) == orchestrace_spans.tree()

    @pytest.mark.parametrize("instead", [None, 3, property(plain), Undecorated], ids=type)
    def test_a_derived_class_can_have_something_else(self, instead: object) -> None:
        """What cannot be followed is left as it is."""

        @orchestrace.agent(method="run")
        class Base:
            run: Any = print

        derived = type("Derived", (Base,), {"run": instead})

        assert instead is derived.__dict__["run"]

    def test_a_function_that_wraps_itself_is_followed(self, orchestrace_spans: Spans) -> None:
        """Nobody looks for the end of such a chain."""

        @orchestrace.agent(method="run")
        class Base:
            def run(self) -> None: ...

        def run(_: object) -> None: ...

        run.__wrapped__ = run  # type: ignore[attr-defined] # any function takes one
        type("Derived", (Base,), {"run": run})().run()

        assert 1 == len(orchestrace_spans)

    @pytest.mark.parametrize("own", [True, False], ids=["its own", "inherited"])
    def test_a_hook_for_derived_classes_still_runs(self, *, own: bool) -> None:
        """`__init_subclass__` gets the options of the class statement, once."""
        heard: list[tuple[str, dict[str, object]]] = []

        class Hooked:
            def __init_subclass__(cls, **options: object) -> None:
                heard.append((cls.__name__, options))
                super().__init_subclass__()

            def run(self) -> None: ...

        base = orchestrace.agent(method="run")(Hooked if own else type("Base", (Hooked,), {}))
        heard.clear()

        class Derived(base, tag="x"):  # type: ignore[misc,valid-type] # made above
            pass

        assert [("Derived", {"tag": "x"})] == heard

    def test_several_methods_of_a_class_can_run_it(self, orchestrace_spans: Spans) -> None:
        """One decorator for each; what overrides them is followed, too."""

        @orchestrace.agent(method="run")
        @orchestrace.agent(method="rerun")
        class Base:
            def run(self) -> None: ...

            def rerun(self) -> None: ...

        class Derived(Base):
            def run(self) -> None: ...

            def rerun(self) -> None: ...

        for kind in (Base, Derived):
            kind().run()
            kind().rerun()

        assert ["invoke_agent Base"] * 2 + ["invoke_agent Derived"] * 2 == [span.name for span in orchestrace_spans]

    def test_super_works_where_attrs_copies_the_class(self, orchestrace_spans: Spans) -> None:
        """A decorated method finds the class it is in, as an undecorated one does."""

        @attrs.define
        class Derived(Undecorated):
            limit: int = 2

            @orchestrace.agent
            def run(self, job: str) -> str:
                return super().run(job) * self.limit

        assert "warm jobwarm job" == Derived().run("job")
        assert "invoke_agent Derived" == orchestrace_spans.tree()


class TestMisuse:
    @each_role
    @pytest.mark.parametrize(
        ("target", "words"),
        [
            (property(plain), r"was put on the property plain, which cannot .*; under @property, not above it\.$"),
            (3, "was put on 3, which cannot be called. Put it on a function, a method"),
            (None, "was put on None, which cannot be called"),
            (
                "Crafter",
                r"was put on 'Crafter', which cannot be called. Options have names, as in @\w+\(name='Crafter'\)",
            ),
            (functools.cached_property(plain), "was put on the cached_property plain, which cannot be called"),
            (classmethod(property(plain)), "was put on the property plain"),  # type: ignore[arg-type] # misuse
        ],
        ids=lambda given: type(given).__name__,
    )
    def test_what_cannot_be_called(self, role: str, target: object, words: str) -> None:
        """The message says what it was put on, and where it belongs."""
        with pytest.raises(UsageError, match=f"^{role} {words}"):
            decorated(target, role)

    @pytest.mark.parametrize("role", [role for role in VERBS if role != "agent"])
    def test_a_class_under_another_decorator(self, role: str) -> None:
        """The message says where to put it instead."""
        with pytest.raises(
            UsageError,
            match=rf"^{role} was put on the class Undecorated\. Only agent can .*: put {role} on one of its methods\.$",
        ):
            decorated(Undecorated, role)

    @pytest.mark.parametrize("target", [functools.partial(Undecorated), staticmethod(Undecorated)])
    def test_a_class_in_disguise(self, target: object) -> None:
        """Nobody meant the class to be changed."""
        with pytest.raises(UsageError, match=r"^agent was put on the class Undecorated"):
            decorated(target, "agent")

    def test_a_method_of_no_class(self) -> None:
        """The message names the function, and what to leave out."""
        with pytest.raises(
            UsageError,
            match=r"^agent\(method='run'\) was put on the function plain, which is no class: leave method= out\.$",
        ):
            decorated(plain, "agent", method="run")

    @pytest.mark.parametrize(("options", "name"), [({}, "__call__"), ({"method": "walk"}, "walk")])
    def test_a_class_without_the_method(self, options: dict[str, object], name: str) -> None:
        """The message says which is missing, and how to name one."""
        with pytest.raises(
            UsageError, match=rf"^agent was put on the class Crafter, which has no {name}: .* @agent\(method='run'\)\.$"
        ):
            decorated(Crafter, "agent", **options)

    def test_a_class_whose_method_cannot_be_called(self) -> None:
        """It is the attribute that the message is about."""
        with pytest.raises(UsageError, match=r"^agent was put on the property Crafter\.mood, which cannot be called"):
            decorated(Crafter, "agent", method="mood")

    def test_a_class_that_cannot_be_changed(self) -> None:
        """The message says what to do instead."""
        with pytest.raises(UsageError, match=r"^agent was put on the class list, .*: derive a class from it\.$"):
            decorated(list, "agent", method="append")


class TestDescription:
    @pytest.mark.parametrize(
        ("target", "options", "description"),
        [
            (plain, {}, "Answer plainly."),
            (plain, {"description": "Said."}, "Said."),
            (lambda job: job, {}, None),
            (functools.partial(plain, limit=2), {}, "Answer plainly."),
            (Undecorated().run, {}, "Run it."),
            (Undecorated(), {}, "Is called, in several ways."),
        ],
        ids=["docstring", "option", "none", "partial", "method", "object"],
    )
    def test_it_is_the_first_line_of_the_docstring(
        self, target: object, options: dict[str, object], description: str | None, orchestrace_spans: Spans
    ) -> None:
        """Unless it is said."""
        decorated(target, "agent", **options)("job")

        assert [description] == [span.attributes.get("gen_ai.agent.description") for span in orchestrace_spans]

    def test_a_class_has_its_own_or_its_method_s(self, orchestrace_spans: Spans) -> None:
        """Neither what it inherits, nor the signature that a dataclass is given for one."""

        class Inheriting(Undecorated):
            def run(self, job: str) -> str:
                return job

        class Documented(Undecorated):
            """Is documented."""

        @dataclasses.dataclass
        class Generated:
            limit: int = 3

            def run(self, job: str) -> str:
                """Run it to the limit."""
                return job

        for kind in (Inheriting, Documented, Generated):
            decorated(kind, "agent", method="run")().run("job")

        assert [None, "Is documented.", "Run it to the limit."] == [
            span.attributes.get("gen_ai.agent.description") for span in orchestrace_spans
        ]

    def test_tools_have_one(self, orchestrace_spans: Spans) -> None:
        """As the conventions want it."""
        decorated(plain)("job")

        assert "Answer plainly." == orchestrace_spans.attributes("execute_tool plain")["gen_ai.tool.description"]


class TestIntrospection:
    @each_kind
    def test_signature_and_hints(self, function: Callable[..., Any]) -> None:
        """As they were, also where annotations are texts, as in this module."""
        after = decorated(function)

        assert inspect.signature(function) == inspect.signature(after)
        assert typing.get_type_hints(function) == typing.get_type_hints(after)

    @each_kind
    @pytest.mark.parametrize(
        "ask",
        [
            inspect.iscoroutinefunction,
            inspect.isasyncgenfunction,
            inspect.isgeneratorfunction,
            inspect.isfunction,
            inspect.isroutine,
        ],
    )
    def test_kind(self, function: Callable[..., Any], ask: Callable[[object], bool]) -> None:
        """Whoever asks what it is gets the same answer."""
        assert ask(function) == ask(decorated(function))

    @each_kind
    @pytest.mark.parametrize("name", ["__name__", "__qualname__", "__doc__", "__module__", "__annotations__"])
    def test_attributes(self, function: Callable[..., Any], name: str) -> None:
        """`__defaults__`, `__kwdefaults__`, `__code__` and `__closure__` alone are those of the function around it."""
        assert getattr(function, name) == getattr(decorated(function), name)

    @each_kind
    def test_the_function_itself_is_within_reach(self, function: Callable[..., Any]) -> None:
        """As `__wrapped__`; what else was set on it is there, too."""
        with_mark = functools.update_wrapper(lambda: None, function)
        with_mark.mark = 1  # type: ignore[attr-defined] # any function takes one
        after = decorated(with_mark)

        assert with_mark is after.__wrapped__
        assert {"mark": 1, "__wrapped__": with_mark} == vars(after)

    def test_source_is_found(self) -> None:
        """What shows code shows the program's own."""
        assert inspect.getsource(plain) == inspect.getsource(decorated(plain))

    def test_the_result_is_of_the_same_kind(self) -> None:
        """A coroutine, a generator, an async generator: not an object that is like one."""
        coroutine = decorated(awaited)("job")

        assert inspect.iscoroutine(coroutine)
        assert inspect.isgenerator(decorated(yielding)(1))
        assert inspect.isasyncgen(decorated(streaming)(1))
        asyncio.run(coroutine)


class TestCopies:
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_functions_are_pickled_by_name(self, protocol: int) -> None:
        """What comes back is the decorated function."""
        assert pickled is pickle.loads(pickle.dumps(pickled, protocol))  # noqa: S301 - our own

    @pytest.mark.parametrize("name", ["run", "arun", "words", "awords", "made", "made_too", "split", "split_too"])
    def test_methods_are_pickled(self, name: str) -> None:
        """Bound or not, of every kind."""
        for method in (getattr(Crafter("cool"), name), getattr(Crafter, name)):
            back = pickle.loads(pickle.dumps(method))  # noqa: S301 - our own

            assert getattr(method, "__self__", None) == getattr(back, "__self__", None)
            assert getattr(method, "__func__", method) is getattr(back, "__func__", back)

    def test_copies(self) -> None:
        """A function is its own copy; objects with decorated methods, and bound methods, are copied as ever."""
        crafter = Crafter("cool")

        assert pickled is copy.copy(pickled) is copy.deepcopy(pickled)
        assert [crafter, crafter] == [copy.copy(crafter), copy.deepcopy(crafter)]
        assert "cool job" == copy.deepcopy(crafter.run)("job")
        assert crafter == pickle.loads(pickle.dumps(crafter))  # noqa: S301 - our own


class TestCallsThatDoNotFit:
    @pytest.mark.parametrize("arguments", [{}, {"nobody": 1}, {"job": 1, "count": 2, "limit": 3, "x": 4}])
    @each_kind
    def test_the_error_is_the_same(
        self, function: Callable[..., Any], arguments: dict[str, object], orchestrace_spans: Spans
    ) -> None:
        """
        Type and message are Python's own.

        A function raises it when it is called. The others raise it at their first step, not when they are called: when
        they are awaited, or iterated.
        """
        before, after = _outcome(function, arguments), _outcome(decorated(function), arguments)

        assert before == after
        if isinstance(before, TypeError):
            assert "ERROR" == orchestrace_spans[0].status

    @given(
        arguments=st.lists(st.integers(), max_size=4),
        named=st.dictionaries(st.sampled_from(["job", "limit", "rest", "strict", "self", "x"]), st.integers()),
    )
    def test_any_call_has_the_same_outcome(self, arguments: list[int], named: dict[str, int]) -> None:
        """Result or error, and one span, whatever a function is called with."""
        for function in (plain, Undecorated.run, _positional, _keyword, _nothing):
            with capture(instrument=False) as spans:
                after = _outcome(decorated(function), named, *arguments)

            assert _outcome(function, named, *arguments) == after
            assert 1 == len(spans)


def _positional(job: int, limit: int = 2, /) -> tuple[int, int]:
    return job, limit


def _keyword(*, job: int, limit: int = 2) -> tuple[int, int]:
    return job, limit


def _nothing() -> None:
    """Take nothing."""


def _outcome(function: Callable[..., Any], named: dict[str, Any], *arguments: object) -> object:
    """Return the result of a call to its end, or its error as text."""
    try:
        result = function(*arguments, **named)
        if inspect.iscoroutine(result):
            return asyncio.run(result)
        if inspect.isasyncgen(result):
            return asyncio.run(collected(result))
        return list(result) if inspect.isgenerator(result) else result
    except (TypeError, AttributeError) as error:
        return repr(error)


class TestReferences:
    @pytest.mark.parametrize(
        "target",
        [
            lambda job: job,
            functools.partial(lambda limit, job: job, 3),
            classmethod(lambda cls, job: job),
            staticmethod(lambda job: job),
            Crafter().run,
            functools.lru_cache(lambda job: job),
        ],
        ids=["function", "partial", "classmethod", "staticmethod", "bound", "cached"],
    )
    def test_a_name_that_no_argument_has_is_an_error(self, target: Any) -> None:
        """Where the decorator stands: a misspelt one would be recorded in full."""
        orchestrace.tool(reference_only={"job", "return"})(target)
        with pytest.raises(UsageError, match=r"tool\(reference_only=\{'jbo'\}\): .* It has .*job"):
            orchestrace.tool(reference_only=["jbo"])(target)

    def test_of_a_class_the_method_is_looked_at(self) -> None:
        """An override may have other arguments."""

        @orchestrace.agent(method="run", reference_only={"job"})
        class Writer:
            def run(self, job: str) -> object:
                return job

        class Other(Writer):
            def run(self, task: str) -> object:
                return task

        assert "x" == Other().run("x")
        with pytest.raises(UsageError, match="It has self, job"):
            orchestrace.agent(method="run", reference_only={"jbo"})(type("W", (), {"run": lambda self, job: job}))

    def test_where_any_name_can_come_none_is_wrong(self, orchestrace_spans: Spans) -> None:
        """As with `**more`."""
        orchestrace.tool(reference_only={"candidate"})(lambda **more: more)(candidate={"id": 7})
        said = orchestrace_spans[0].attributes["gen_ai.tool.call.arguments"]

        assert 7 == json.loads(str(said))["candidate"]["id"]


class TestRelease:
    @pytest.mark.parametrize(
        "target",
        [plain, classmethod(plain), staticmethod(plain), functools.partial(plain), MethodType(plain, "x")],
        ids=lambda target: type(target).__name__,
    )
    def test_what_was_released_can_be_wrapped_again(self, target: Any, orchestrace_spans: Spans) -> None:
        """What is no longer in force is as good as not there."""
        wrapped = wrap(target, Declaration(role="tool", in_force=lambda: False))
        getattr(wrapped, "__func__", wrapped)("x")

        assert (is_followed(target), is_followed(wrapped)) == (False, True)
        release(wrapped)
        assert not is_followed(wrapped)
        assert [] == list(orchestrace_spans)
