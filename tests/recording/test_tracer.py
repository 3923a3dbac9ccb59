from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import version as installed

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import NoOpTracerProvider

from orchestrace.conventions import SCHEMA_URL
from orchestrace.recording import tracer as module
from orchestrace.recording.tracer import SCOPE, tracer, use, version


@pytest.fixture(autouse=True)
def _provider() -> Iterator[None]:
    """Put back the provider that was in use."""
    before = module._provider
    yield
    use(before)


def run(code: str) -> list[str]:
    """Run a program of its own and return what it said, line by line."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return (done.stdout + done.stderr).splitlines()


class TestTracer:
    def test_spans_come_from_the_provider_in_use(self) -> None:
        """With our scope, its version and the schema of the conventions."""
        provider = TracerProvider(shutdown_on_exit=False)
        use(provider)
        span = tracer().start_span("x")
        span.end()

        assert isinstance(span, ReadableSpan)
        scope = span.instrumentation_scope
        assert scope is not None
        assert (SCOPE, installed("orchestrace"), SCHEMA_URL) == (scope.name, scope.version, scope.schema_url)
        assert provider.resource is span.resource

    def test_is_looked_up_once(self) -> None:
        """Asking a provider for a tracer takes as long as recording a short call."""
        use(TracerProvider(shutdown_on_exit=False))

        assert tracer() is tracer()

    def test_another_provider_is_another_tracer(self) -> None:
        """From the next call on."""
        use(NoOpTracerProvider())
        before = tracer()
        use(TracerProvider(shutdown_on_exit=False))

        assert tracer() is not before

    def test_a_thread_in_the_middle_of_it_brings_no_old_tracer_back(self) -> None:
        """It has asked the old provider, and answers when the new one is already in use."""
        asked, answer = threading.Event(), threading.Event()

        class Slow(NoOpTracerProvider):
            def get_tracer(self, *args: object, **kwargs: object) -> trace.Tracer:
                asked.set()
                answer.wait(10)
                return super().get_tracer(*args, **kwargs)  # type: ignore[arg-type]

        use(Slow())
        thread = threading.Thread(target=tracer)
        thread.start()
        asked.wait(10)
        use(TracerProvider(shutdown_on_exit=False))
        answer.set()
        thread.join()

        assert tracer().start_span("x").is_recording()

    def test_the_version_is_that_of_the_installed_package(self) -> None:
        """It stands on every scope."""
        assert installed("orchestrace") == version()


class TestGlobalProvider:
    def test_one_that_comes_later_is_used(self) -> None:
        """A program may be decorated, and even run, before it sets its provider."""
        code = (
            "from opentelemetry import trace\n"
            "from opentelemetry.sdk.trace import TracerProvider\n"
            "from orchestrace.recording.tracer import tracer\n"
            "print(tracer().start_span('x').is_recording())\n"
            "trace.set_tracer_provider(TracerProvider())\n"
            "print(tracer().start_span('x').is_recording())\n"
        )

        assert ["False", "True"] == run(code)

    def test_without_any_it_is_said_once(self) -> None:
        """Decorated but never configured."""
        code = (
            "from orchestrace.recording.tracer import is_silent, warn_if_unconfigured\n"
            "warn_if_unconfigured(); warn_if_unconfigured(); print(is_silent())\n"
        )
        said = run(code)

        assert "True" == said[0]
        assert 1 == len(said[1:])
        assert "Call orchestrace.configure() once at start" in said[1]

    def test_with_one_nothing_is_said(self) -> None:
        """Be it the program's or ours."""
        code = (
            "from opentelemetry import trace\n"
            "from opentelemetry.sdk.trace import TracerProvider\n"
            "from orchestrace.recording.tracer import is_silent, use, warn_if_unconfigured\n"
            "use(TracerProvider()); warn_if_unconfigured(); print(is_silent())\n"
            "use(None); trace.set_tracer_provider(TracerProvider()); warn_if_unconfigured(); print(is_silent())\n"
        )

        assert ["False", "False"] == run(code)
