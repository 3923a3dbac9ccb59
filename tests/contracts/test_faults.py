"""Whatever of ours breaks, the program does not: every hook is made to fail while a real one runs."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest
from opentelemetry.context import get_current

import orchestrace
from orchestrace.journal.appender import Appender
from orchestrace.journal.journal import Journal
from orchestrace.journal.reader import Reader
from orchestrace.recording import finaliser, guard, tracer
from orchestrace.testing import Answer, Cut, Memory, ReplayServer, Request, capture, capturing, openai_chat
from orchestrace.wires import table

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, because it takes milliseconds; nothing here is encrypted."""
PROMPT = orchestrace.Prompt("sourcing/draft", "Write to {name}. {feedback}", version="3")
ELSEWHERE = {"opentelemetry.context", "opentelemetry.sdk.trace", "opentelemetry.attributes", "asyncio"}


class BrokenError(Exception):
    """What a hook of ours raises."""


def broken(*_: object, **__: object) -> Any:
    """Be a hook that fails."""
    raise BrokenError


# -- a program --------------------------------------------------------------------------------------------------------
@dataclass
class Job:
    """What the agent is about."""

    id: str = "job-1"
    name: str = "Ada"


@dataclass
class Grade:
    """What the judge returns."""

    rating: float
    ok: bool
    notes: str


class Nothing:
    """Leave a function, or a block, as it is."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __call__(self, function: Any) -> Any:
        return function

    def __enter__(self) -> Any:
        return NOBODY

    def __exit__(self, *_: object) -> None: ...


def turns(limit: int) -> Iterator[Any]:
    """Count."""
    for index in range(1, limit + 1):
        yield SimpleNamespace(index=index, limit=limit, accept=lambda *_: None, stop=lambda *_: None)


ROLES = ("agent", "generator", "evaluator", "tool", "retriever", "workflow")
TOLD = ("set_key", "set_output", "evaluation", "tag", "request", "chunk", "response")
NOBODY = SimpleNamespace(**dict.fromkeys(TOLD, lambda *_, **__: None), reference="")
WITHOUT_US = SimpleNamespace(
    **dict.fromkeys((*ROLES, "llm_call", "content", "session", "experiment"), Nothing),
    iterations=turns,
    current=lambda: NOBODY,
    assign=lambda name, variants, by: variants[0],
)
"""The same names, and nothing behind them."""


@dataclass
class Program:
    """An orchestrator with a generator, an evaluator, tools and real calls to a model, in both colours."""

    by: Any
    url: str
    options: Mapping[str, Mapping[str, Any]]

    def run(self) -> list[object]:
        """Return everything that the program sees, in order."""
        self.seen: list[object] = []
        with openai.OpenAI(**self._settings, http_client=httpx2.Client(verify=PLAIN)) as self.client:
            self._define()
            self._see(lambda: self.craft(Job()))
            self._see(lambda: self.craft(Job(id="bad")))
            self._see(self._blocks)
            self._see(lambda: list(self.pieces()))
            self._see(lambda: next(self.pieces()))
            self._see(self._held)
            self._see(lambda: self.client.chat.completions.create(**self._asked("refuse")))
            self._see(lambda: self.client.with_options(max_retries=0).chat.completions.create(**self._asked("cut")))
            self._see(lambda: self.client.chat.completions.create(**self._asked("once more")).choices[0].message)
        self._see(lambda: asyncio.run(self._async()))
        gc.collect()
        finaliser.drain(10)
        return self.seen

    @property
    def _settings(self) -> dict[str, Any]:
        return {"base_url": f"{self.url}/v1", "api_key": "none"}

    @staticmethod
    def _asked(words: str, **more: Any) -> dict[str, Any]:
        return {"model": "m", "messages": [{"role": "user", "content": words}], **more}

    def _see(self, do: Callable[[], object]) -> None:
        before = get_current()
        try:
            said = repr(do())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        self.seen.append((said, get_current() is before))

    def _as(self, role: str, function: Callable[..., Any], **said: Any) -> Any:
        return getattr(self.by, role)(**{**said, **self.options.get(role, {})})(function)

    def _define(self) -> None:
        self.draft = self._as("generator", self._draft, reference_only={"job"})
        self.pieces = self._as("generator", self._pieces)
        self.pieces_async = self._as("generator", self._pieces_async)
        read = {"score": "rating", "passed": "ok", "feedback": "notes"}
        self.judge = self._as("evaluator", self._judge, name="tone", read=read)
        self.look = self._as("tool", self._look)
        self.find = self._as("retriever", lambda query: [query])
        self.craft = self._as("agent", self._craft, name="Crafter", key="job.id", config={"limit": 3})

    def _craft(self, job: Job) -> object:
        feedback, text = "", ""
        self.by.current().set_key(job.id)
        self.by.current().tag("trial")
        for turn in self.by.iterations(limit=3):
            text = self.draft(job, feedback)
            grade = self.judge(text, turn.index)
            if grade.ok:
                turn.accept(text)
                break
            feedback = grade.notes
        for word in ("good", job.id, "stop"):
            try:
                self.seen.append(self.look(word))
            except (KeyError, KeyboardInterrupt) as error:
                self.seen.append((type(error), str(error)))
        if job.id == "bad":
            raise LookupError(job.id)
        return text, self.find(query=text), type(self.by.current().reference)

    def _blocks(self) -> object:
        with self.by.workflow(name="all"), self.by.content("full"), self.by.agent(name="by hand") as run:
            run.set_output("done")
            for index in (1, 2):
                with self.by.generator(name="by hand"):
                    self.look("good")
                self.judge("by hand", index)
            run.evaluation(score=0.5, name="overall")
            with self.by.llm_call("local") as call:
                call.request("Hi", temperature=0)
                call.chunk("Hel")
                call.response("Hello", usage={"input_tokens": 1})
        with self.by.session("s", user="ada", tags=["trial"]), self.by.experiment("tone", "warm"):
            self.seen.append(self.by.assign("tone", ["cool"], by="ada"))
            self.look("good")
        return type(run.reference)

    def _draft(self, job: Job, feedback: str) -> str:
        words = PROMPT.render(name=job.name, feedback=feedback)
        answer = self.client.chat.completions.create(**self._asked(words, stream=True))
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)

    def _judge(self, text: str, index: int) -> Grade:
        if index == 1:
            answer = self.client.chat.completions.create(**self._asked(text))
            self.seen.append(answer.choices[0].message.content)
        return Grade(0.5 * index, index > 1, "too formal")

    def _look(self, word: str) -> str:
        if word == "bad":
            raise KeyError(word)
        if word == "stop":
            raise KeyboardInterrupt
        return word.upper()

    def _pieces(self) -> Iterator[object]:
        with self.client.chat.completions.create(**self._asked("stream", stream=True)) as answer:
            for chunk in answer:
                yield chunk.model_dump_json()

    def _held(self) -> object:
        held = self.client.chat.completions.create(**self._asked("stream", stream=True))
        first = next(held)
        held.close()
        held.close()
        return first

    async def _pieces_async(self, client: Any) -> AsyncIterator[object]:
        async with await client.chat.completions.create(**self._asked("stream", stream=True)) as answer:
            async for chunk in answer:
                yield chunk.model_dump_json()

    async def _async(self) -> object:
        async with openai.AsyncOpenAI(**self._settings, http_client=httpx2.AsyncClient(verify=PLAIN)) as client:
            pieces = [piece async for piece in self.pieces_async(client)]
            left = self.pieces_async(client)
            pieces.append(await left.__anext__())
            await left.aclose()
            look = self._as("tool", self._look_async)
            return pieces, await asyncio.gather(look("a"), look("bad"), return_exceptions=True)

    async def _look_async(self, word: str) -> str:
        await asyncio.sleep(0)
        return self._look(word)


def provider() -> Callable[[Request], Answer]:
    """Return who answers: a stream, a whole answer, a refusal, or a failure that is tried again."""
    tried: list[bytes] = []

    def answer(request: Request) -> Answer:
        if b"refuse" in request.body:
            return Answer(400, body={"error": {"message": "no", "type": "invalid_request_error"}})
        if b"cut" in request.body:
            return Answer(before=Cut())
        if b"once more" in request.body and not tried:
            tried.append(request.body)
            return Answer(500, headers={"retry-after-ms": "1"}, body={"error": {"message": "later"}})
        return openai_chat("Hello there.", stream=b'"stream":true' in request.body)

    return answer


def program(by: Any, options: Mapping[str, Mapping[str, Any]] | None = None) -> list[object]:
    """Run the program against a server of its own."""
    with ReplayServer() as server:
        server.answer(provider(), times=None)
        return [str(one).replace(server.url, "URL") for one in Program(by, server.url, options or {}).run()]


# -- what can break ---------------------------------------------------------------------------------------------------
HOOKS = """
block.begin
handle.judge
handle.label
handle.round_around
loop.Iteration
loop.attach
loop.get_current
pipeline.tracer.Tracer.start_span
pipeline.tracer.as_they_are
pipeline.tracer.OwnSpan.made
pipeline.span.OwnSpan.take_attributes
pipeline.span.OwnSpan.end
pipeline.span.OwnSpan.record
pipeline.processor.Processor.begun
pipeline.processor.Processor.ended
pipeline.processor.hosting.stands_alone
pipeline.processor.inherit
pipeline.processor.record_of
pipeline.processor.hosting.complete
pipeline.processor.hosting.started
identity.Attribution
identity.attributed
identity.label
assignment.tried
recording.arguments.references_of
recording.attribution.label
recording.boundary.Boundary
recording.boundary.Boundary.end
recording.clock.now
recording.content._variable
recording.details.wanted
recording.drivers.byte_stream.End
recording.exceptions.message_of
recording.exceptions.record
recording.finaliser.collecting
recording.finaliser.ensure_running
recording.hosting.current_host
recording.lineage.current
recording.lineage.entered
recording.lineage.identity
recording.lineage.nearest
recording.lineage.prompt
recording.lineage.rendered
recording.lineage.take_prompt
recording.lineage.upwards
model_calls.ModelCall
recording.model_call.ModelCall._answer
recording.model_call.ModelCall._close
recording.model_call.ModelCall._conclude
recording.answer.Answer.ending
recording.measuring.meter.provider
recording.model_call.ModelCall._finish
recording.model_call.ModelCall._measure
recording.model_call.ModelCall._start
recording.model_call.ModelCall._tell
recording.model_call.ModelCall.answered
recording.model_call.ModelCall.attempt
recording.model_call.ModelCall.failed
recording.model_call.ModelCall.first_chunk
recording.model_call.request_attributes
recording.model_call.response_attributes
recording.pricing.cost.is_installed
recording.prompt_use.PromptUse.attributes
recording.prompt_use.PromptUse.identity
recording.recording.Recording._close
recording.recording.Recording._conclude
recording.recording.Recording._finish
recording.recording.Recording._let_go
recording.recording.Recording._over
recording.recording.Recording._start
recording.recording.Recording._take
recording.recording.Recording.become_stream
recording.recording.Recording.begin
recording.recording.Recording.end
recording.recording.Recording.pass_on
recording.recording.Recording.put
recording.recording.Recording.scope
recording.recording.is_recorded
recording.recording.current_strand
recording.recording.tracer
recording.reducing.Items.folded
recording.reducing.Items.keep
recording.repetition._masked
recording.roles.drafts.Drafts.judged
recording.roles.drafts.Drafts.take
recording.roles.evaluator.judge
recording.roles.invocation.Agent._measure
recording.roles.invocation.Invocation._tell
recording.roles.invocation.Invocation.goes_on
recording.roles.invocation.Invocation.holds
recording.roles.invocation.summary
recording.roles.invocation.written
recording.roles.iteration.Iteration._tell
recording.roles.iteration.Iteration.leave
recording.roles.iteration.Iteration.settle
recording.roles.judging._publish
recording.roles.parts.is_off
recording.roles.parts.is_silent
recording.roles.progress.Progress.turn
recording.roles.progress.Progress.close_role
recording.roles.progress.Progress.open_role
recording.roles.progress.Progress.outcome
recording.roles.retriever.encode
recording.roles.role.Role._asked
recording.roles.role.Role._identity
recording.roles.role.Role._take
recording.roles.role.Role._tell
recording.roles.role.Role.keep
recording.roles.role.Role.set_output
recording.roles.role.current_strand
recording.roles.role.encode
recording.roles.role.attributed
recording.roles.role.Role._inputs
recording.roles.role.Role._shows
recording.roles.role.referred
recording.roles.role.written
recording.roles.tool.Tool._measure
recording.roles.tool.encode
recording.roles.tool.snapshot
recording.scope.attach
recording.scope.get_current
recording.selectors.follow
recording.streams.Streams.closed
recording.streams.Streams.opened
recording.streams.Streams.outcome
recording.usage.Totals.add
taps.exchange.begin
taps.exchange.current_boundary
taps.exchange.ModelCall
taps.exchange.Exchange._read_out
taps.exchange.Exchange._settle
taps.exchange.Exchange._streamed
taps.exchange.Exchange._whole
taps.exchange.Exchange.end
taps.head.Head.read
taps.httpx.body_of
taps.httpx.is_off
taps.httpx.is_silent
taps.httpx.parsed
taps.httpx.recognise
taps.httpx._HttpxExchange._received
taps.stainless.open_boundary
wrapping.begin
wrapping.Arguments.call
"""
"""Every function of ours that runs while a program does, and could be wrong."""


def owner_of(hook: str) -> tuple[Any, str]:
    """Return the module or class that holds a hook, and its name there."""
    *path, name = hook.split(".")
    for length in range(len(path), 0, -1):
        try:
            owner: Any = import_module(".".join(["orchestrace", *path[:length]]))
        except ModuleNotFoundError:
            continue
        for step in path[length:]:
            owner = getattr(owner, step)
        return owner, name
    raise LookupError(hook)


@contextmanager
def listening() -> Iterator[list[logging.LogRecord]]:
    """Collect every line that is logged anywhere."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign] # all that a handler has to do
    logging.getLogger().addHandler(handler)
    try:
        yield records
    finally:
        logging.getLogger().removeHandler(handler)


@dataclass
class Outcome:
    """What came of a run: what the program saw, and what was said of it."""

    seen: list[object]
    faults: Counter[str]
    logged: list[logging.LogRecord]

    @property
    def said(self) -> Counter[str]:
        """How often each place said that it failed."""
        lines = [record.getMessage() for record in self.logged if record.name == "orchestrace"]
        return Counter(line.removeprefix("orchestrace: ").split(" failed")[0] for line in lines)

    @property
    def complaints(self) -> list[str]:
        """What others had to say."""
        return [record.getMessage() for record in self.logged if record.name in ELSEWHERE]


@pytest.fixture(scope="module")
def plain(request: pytest.FixtureRequest) -> list[object]:
    """Return what the program sees without us."""
    seen = program(WITHOUT_US)
    with capture():
        program(orchestrace)  # with us once, for all that is loaded by the first call
    request.getfixturevalue("little_to_collect")
    return seen


@pytest.fixture
def run_broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Return a way to run the program with us, and with something broken."""

    def run(break_it: Callable[[pytest.MonkeyPatch], None] | None = None, **options: Mapping[str, Any]) -> Outcome:
        monkeypatch.setattr(guard, "_last_said", {})
        before = Counter(guard.faults())
        with listening() as logged, monkeypatch.context() as broken_so:
            if break_it is not None:
                break_it(broken_so)
            with capture():
                seen = program(orchestrace, options)
                tracer.provider().get_tracer("another library").start_span("of another library").end()
        return Outcome(seen, Counter(guard.faults()) - before, logged)

    return run


def check(outcome: Outcome, plain: list[object]) -> None:
    """Hold a run to have cost the program nothing: the fault was counted, and each place has said so once."""
    assert plain == outcome.seen
    assert outcome.faults
    assert dict.fromkeys(outcome.faults, 1) == outcome.said
    assert [] == outcome.complaints


class TestNothingBroken:
    def test_the_program_sees_what_it_sees_without_us(
        self, plain: list[object], run_broken: Callable[..., Outcome]
    ) -> None:
        """And we have nothing to say."""
        outcome = run_broken()

        assert plain == outcome.seen
        assert (Counter(), Counter(), []) == (outcome.faults, outcome.said, outcome.complaints)


class TestBroken:
    @pytest.mark.parametrize("hook", HOOKS.split())
    def test_hook(self, hook: str, plain: list[object], run_broken: Callable[..., Outcome]) -> None:
        """The program sees the same values and exceptions."""
        owner, name = owner_of(hook)
        fails = property(broken) if isinstance(getattr(owner, name), property) else broken

        check(run_broken(lambda patch: patch.setattr(owner, name, fails)), plain)

    @pytest.mark.parametrize("reader", ["is_call", "read_request", "read_response", "read_stream", "read_failure"])
    def test_reader_of_a_wire(self, reader: str, plain: list[object], run_broken: Callable[..., Outcome]) -> None:
        """A format that we no longer understand is the provider's to change."""
        wire = replace(table.WIRES["/chat/completions"], **{reader: broken})

        check(run_broken(lambda patch: patch.setitem(table.WIRES, "/chat/completions", wire)), plain)

    @pytest.mark.parametrize(
        ("role", "said"),
        [
            ("agent", {"key": broken}),
            ("agent", {"session": broken, "user": broken, "tenant": broken}),
            ("agent", {"config": broken}),
            ("agent", {"read": broken}),
            ("generator", {"read": broken}),
            ("generator", {"reduce": broken}),
            ("evaluator", {"read": broken}),
            ("evaluator", {"read": {"score": broken, "passed": "ok"}}),
            ("tool", {"read": broken}),
        ],
        ids=lambda value: ", ".join(value) if isinstance(value, dict) else value,
    )
    def test_callable_of_the_program_s(
        self, role: str, said: Mapping[str, Any], plain: list[object], run_broken: Callable[..., Outcome]
    ) -> None:
        """It was given to us to look with, and what it raises is not for the call that it looks at."""
        check(run_broken(**{role: said}), plain)

    @pytest.mark.parametrize("method", ["started", "ended"])
    def test_sink(self, method: str, plain: list[object], run_broken: Callable[..., Outcome]) -> None:
        """Whoever keeps our spans cannot."""
        check(run_broken(lambda patch: patch.setattr(Memory, method, broken)), plain)

    @pytest.mark.parametrize("fault", [BrokenError, OSError], ids=["any", "the disk"])
    def test_journal(
        self, fault: type[Exception], tmp_path: Path, plain: list[object], run_broken: Callable[..., Outcome]
    ) -> None:
        """Nothing can be written: what was lost is counted; or it stays in memory, and is written when it can be."""
        journal = Journal(tmp_path)

        def fail(*_: object, **__: object) -> None:
            raise fault

        def break_it(patch: pytest.MonkeyPatch) -> None:
            patch.setattr(capturing, "Memory", lambda: journal)
            patch.setattr(Appender, "append", fail)

        check(run_broken(break_it), plain)
        journal.close()

        assert journal.lost or Reader(tmp_path).trace("last")

    def test_work_of_a_finaliser(self, plain: list[object], run_broken: Callable[..., Outcome]) -> None:
        """What waits behind it is done."""
        check(run_broken(lambda _: finaliser.later(broken)), plain)
