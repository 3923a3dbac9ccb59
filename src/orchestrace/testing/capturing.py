"""Capture the spans of a block of code, and leave no trace of having done so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from opentelemetry.trace import TracerProvider

from orchestrace.recording import clock as recording_clock
from orchestrace.recording import finaliser, tracer
from orchestrace.testing.memory import Memory
from orchestrace.testing.spans import Spans
from orchestrace.typing import Nanoseconds

__all__ = ["capture"]

_PATIENCE: Final = 10.0


@contextmanager
def capture(
    *, clock: Callable[[], Nanoseconds] | None = None, instrument: bool = True, as_global: bool = False
) -> Iterator[Spans]:
    """
    Capture what is recorded inside the block; yields a live view of the spans that have ended.

    The spans are made by a private provider, which numbers traces and spans from 1; the program's own provider sees
    none of them. `clock` (a `StepClock`) is where the times of our spans come from. `instrument` taps the HTTP clients.
    `as_global` is for SDKs that make spans themselves, through the global provider, as Anthropic's does: these are
    captured too. Where the program has set a global provider, that one then makes all the spans of the block.
    """
    from orchestrace import outcomes  # noqa: PLC0415 - as above
    from orchestrace.pipeline.processor import Processor  # noqa: PLC0415 - the SDK is loaded by who captures
    from orchestrace.testing.global_provider import as_global as behind_global  # noqa: PLC0415
    from orchestrace.testing.outcome_records import CapturedRecords  # noqa: PLC0415
    from orchestrace.testing.private_provider import private_provider  # noqa: PLC0415

    memory = Memory()
    spans = Spans(memory)
    processor = Processor([memory])
    provider = private_provider(processor)
    with ExitStack() as undo:
        undo.callback(provider.shutdown)
        maker = undo.enter_context(behind_global(provider, processor)) if as_global else provider
        undo.enter_context(_recording_with(maker, clock))
        undo.callback(outcomes.use, outcomes.used())
        outcomes.use(CapturedRecords(memory).open)
        if instrument:
            undo.enter_context(_instrumented())
        undo.callback(finaliser.drain, _PATIENCE)
        yield spans


@contextmanager
def _recording_with(provider: TracerProvider, clock: Callable[[], Nanoseconds] | None) -> Iterator[None]:
    before = tracer._provider, recording_clock._read  # noqa: SLF001 - what was in use is put back, not the default
    tracer.use(provider)
    if clock is not None:
        recording_clock.use(clock)
    try:
        yield
    finally:
        tracer.use(before[0])
        recording_clock.use(before[1])


@contextmanager
def _instrumented() -> Iterator[None]:
    from orchestrace import instrumentation  # noqa: PLC0415 - wrapt and the taps, only for who wants them

    if instrumentation.is_instrumented():  # by the program, or by a capture around this one: whoever did it undoes it
        yield
        return
    instrumentation.instrument()
    try:
        yield
    finally:
        instrumentation.uninstrument()
