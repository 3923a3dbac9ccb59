# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import Annotated

from typing_extensions import assert_type

import orchestrace
from orchestrace import Evaluation, Example, Prompt
from orchestrace.block import Block
from orchestrace.handle import Handle


def test_blocks_yield_the_handle_of_current() -> None:
    handle = orchestrace.current()
    with orchestrace.agent(name="Crafter", version="1") as run:
        handle = run
        assert_type(run.reference, str)
    with orchestrace.generator(name="draft") as role:
        handle = role
    with orchestrace.workflow(name="w"), orchestrace.evaluator(name="e"), orchestrace.tool(name="t"):
        handle.set_output({"text": "x"})
    with orchestrace.retriever(name="r") as role:
        handle = role
        assert_type(role, Handle)
    with ExitStack() as stack:
        assert_type(stack.enter_context(orchestrace.tool(name="t")), Handle)
    with orchestrace.agent:  # type: ignore[attr-defined]
        pass


async def test_async_blocks() -> None:
    handle = orchestrace.current()
    async with orchestrace.agent(name="Crafter") as run:
        handle = run
        assert_type(run, Handle)
    async with AsyncExitStack() as stack:
        assert_type(await stack.enter_async_context(orchestrace.tool(name="t")), Handle)
    handle.set_key("job-1")


def test_a_block_is_kept_as_it_is() -> None:
    kept: Block = orchestrace.tool(name="t")
    with kept, kept:
        assert_type(kept(len)("abc"), int)


def test_blocks_do_not_swallow() -> int:
    with orchestrace.agent(name="Crafter"):
        return 1


def test_iterations() -> None:
    for turn in orchestrace.iterations(limit=3):
        assert_type(turn.index, int)
        turn.accept("draft")
        turn.stop("enough")


def test_prompts() -> None:
    text = Prompt("a/b", "Write to {candidate.name}", version="3", few_shot=[Example({"name": "x"}, "y")])
    chat = Prompt("a/c", [{"role": "user", "content": "{question}"}])

    text.render(candidate=object())
    chat.render(question="why")
    Prompt("a/d", 3)  # type: ignore[arg-type]


def test_evaluations() -> None:
    verdict = Evaluation(score=0.4, label="formal", passed=False, feedback="too formal", name="tone")

    assert_type(verdict.score, "float | None")
    assert_type(verdict.label, "str | None")
    assert_type(verdict.passed, "bool | None")
    assert_type(verdict.feedback, "str | None")


def test_reference() -> None:
    assert_type(orchestrace.reference(), "str | None")


def test_whose_a_run_is() -> None:
    with orchestrace.session("s", user=7, tenant=None, tags=["trial"]), orchestrace.experiment("tone", "warm"):
        pass
    with orchestrace.session("s") as nothing:
        assert_type(nothing, None)
    orchestrace.session()  # type: ignore[call-arg]
    orchestrace.session("s", "ada")  # type: ignore[call-arg]
    assert_type(orchestrace.session("s")(len)("abc"), int)


async def test_whose_a_run_is_asynchronously() -> None:
    async with orchestrace.session("s"), orchestrace.experiment("tone", "warm"):
        pass


def test_assigned_variants() -> None:
    assert_type(orchestrace.assign("tone", ["warm", "cool"], by="u"), str)
    assert_type(orchestrace.assign("size", {"s": 1, "l": 2}, by=7, weights={"s": 1, "l": 0.5}), int)
    assert_type(orchestrace.assign("tone", ["warm", "cool"], by="u", weights=[1, 2]), str)
    orchestrace.assign("tone", ["warm"])  # type: ignore[call-overload]


def test_references() -> None:
    @orchestrace.agent(reference_only={"candidate"})
    def craft(candidate: Annotated[dict[str, str], orchestrace.ByReference("id")]) -> str:
        return candidate["id"]

    assert_type(craft({"id": "7"}), str)
    orchestrace.agent(reference_only=5)  # type: ignore[call-overload]
    orchestrace.register_reference(Evaluation, "name")
    orchestrace.register_reference(Evaluation, lambda one: one.name)
    orchestrace.register_reference(Evaluation, 5)  # type: ignore[arg-type]
    assert_type(orchestrace.fingerprint({"id": 7}), str | None)
