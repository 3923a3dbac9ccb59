from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import trio

from orchestrace.recording.strand import Strand, current_strand


async def _here() -> Strand:
    return current_strand()


class TestCurrentStrand:
    def test_is_the_same_in_one_thread(self) -> None:
        """What happens one after the other is on one strand; another thread is another."""
        found: list[Strand] = [current_strand(), current_strand()]
        thread = threading.Thread(target=lambda: found.append(current_strand()))
        thread.start()
        thread.join()

        assert (True, False) == (found[0] == found[1], found[0] == found[2])

    def test_is_another_in_each_task_of_asyncio(self) -> None:
        """An awaited coroutine runs in the task that awaits it."""

        async def main() -> list[Strand]:
            return [current_strand(), await _here(), await asyncio.create_task(_here())]

        own, awaited, other = asyncio.run(main())
        assert (True, False) == (own == awaited, own == other)

    def test_is_another_in_each_task_of_trio(self) -> None:
        """As on asyncio, in a program that has both."""
        found: list[Strand] = []

        async def note() -> None:
            found.append(current_strand())

        async def main() -> None:
            await note()
            await note()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(note)

        trio.run(main)
        assert (True, False) == (found[0] == found[1], found[0] == found[2])

    def test_loads_no_event_loop(self) -> None:
        """A program without asyncio stays without it."""
        words = "import sys; from orchestrace.recording.strand import current_strand; assert current_strand()[1] == 0\n"
        words += "assert not {'asyncio', 'trio'} & set(sys.modules)"
        done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words

        assert ("", 0) == (done.stderr, done.returncode)
