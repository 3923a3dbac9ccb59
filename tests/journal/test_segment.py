from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.journal.frames import FRAME, SegmentReader
from orchestrace.journal.lock import is_held
from orchestrace.journal.segment import OVERHEAD, SUFFIX, Segment

FULL = """
import resource, sys
from pathlib import Path
from orchestrace.journal.segment import Segment
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    Segment.create(Path(sys.argv[1]), 1 << 20, b"first")
except OSError as error:
    print(type(error).__name__)
"""
WRITE = """
import sys
from pathlib import Path
from orchestrace.journal.segment import Segment
segment = Segment.create(Path(sys.argv[1]), 1 << 16, b"first")
for number in range(100):
    segment.write(b"%d" % number)
print("written", flush=True)
sys.stdin.read()
"""


def in_memory(path: Path) -> int:
    """Return how many bytes of a mapped file this process has in memory, as Linux tells."""
    regions = Path("/proc/self/smaps").read_text(encoding="utf-8").partition(str(path))[2]
    return next(int(line.split()[1]) << 10 for line in regions.splitlines() if line.startswith("Rss:"))


class Signalled(BaseException):
    """What a signal's handler may raise anywhere, as KeyboardInterrupt."""


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[Segment]:
    """Return a small segment."""
    made = Segment.create(tmp_path, 4096, b"first")
    yield made
    made._map.close()


def read(path: Path) -> tuple[list[bytes], bool]:
    """Return the payloads of a file, and whether it has ended."""
    with path.open("rb") as file:
        reader = SegmentReader(file)
        return list(reader), reader.ended


class TestCreate:
    def test_makes_a_file_with_its_first_frame(self, segment: Segment) -> None:
        """Whoever finds a segment finds out who writes it."""
        assert ([b"first"], False) == read(segment.path)
        assert (SUFFIX, 4096, 4096) == (segment.path.suffix, segment.size, segment.path.stat().st_size)

    def test_leaves_nothing_else(self, segment: Segment) -> None:
        """The name that it had while it was made is gone."""
        assert [segment.path] == list(segment.path.parent.iterdir())

    def test_holds_the_lock(self, segment: Segment) -> None:
        """From before it has its name until it is closed."""
        with segment.path.open("rb") as file:
            during = is_held(file.fileno())
            segment.close()

            assert (True, False) == (during, is_held(file.fileno()))

    def test_is_for_its_owner_alone(self, segment: Segment) -> None:
        """It holds prompts."""
        assert 0o600 == stat.S_IMODE(segment.path.stat().st_mode)

    def test_is_as_large_as_its_first_frame_needs(self, tmp_path: Path) -> None:
        """Whatever size was asked for."""
        made = Segment.create(tmp_path, 10, b"x" * 1000)
        made.end()

        assert ([b"x" * 1000], True) == read(made.path)
        assert 1000 + OVERHEAD == made.size

    def test_names_sort_by_time(self, tmp_path: Path) -> None:
        """The oldest comes first, in a listing too."""
        made = [Segment.create(tmp_path, 100, b"first") for _ in range(3)]
        for one in made:
            one.close()

        assert [one.path for one in made] == sorted(tmp_path.iterdir())

    def test_is_allocated(self, segment: Segment) -> None:
        """No write can find the disk full later: that would be a bus error."""
        assert segment.path.stat().st_blocks * 512 >= 4096

    def test_a_full_disk_is_an_error(self, folder: Path, run: Callable[..., str]) -> None:
        """And leaves nothing behind. The size of files is limited here, which allocation meets in the same way."""
        folder.mkdir()

        assert "OSError\n" == run(FULL, folder)
        assert [] == list(folder.iterdir())

    def test_no_folder_is_an_error(self, folder: Path) -> None:
        """It is for the caller to make one."""
        with pytest.raises(FileNotFoundError):
            Segment.create(folder, 100, b"first")


class TestWrite:
    @given(st.lists(st.binary(min_size=1, max_size=500), max_size=10), st.booleans())
    @settings(deadline=None, max_examples=50)
    def test_can_be_read_at_once(self, payloads: list[bytes], ended: bool) -> None:  # noqa: FBT001 - drawn
        """What was written is there for everybody, ended or not."""
        with TemporaryDirectory() as place:
            made = Segment.create(Path(place), 1 << 14, b"first")
            for payload in payloads:
                made.write(payload)
            if ended:
                made.end()

            assert ([b"first", *payloads], ended) == read(made.path)
            if not ended:
                made.close()

    def test_room_is_what_fits(self, segment: Segment) -> None:
        """Exactly that, with the end mark behind it."""
        payload = b"x" * segment.room
        segment.write(payload)
        segment.end()

        assert ([b"first", payload], True) == read(segment.path)

    def test_too_much_is_refused_and_spoils_nothing(self, segment: Segment) -> None:
        """Whoever does not ask for the room gets an error, not a damaged file."""
        with pytest.raises((ValueError, IndexError)):
            segment.write(b"x" * 5000)
        segment.write(b"fits")

        assert ([b"first", b"fits"], False) == read(segment.path)

    def test_outlives_its_process(self, folder: Path, launch: Callable[..., Popen[str]]) -> None:
        """A killed process has lost nothing of what it wrote."""
        folder.mkdir()
        writer = launch(WRITE, folder)
        assert writer.stdout.readline() == "written\n"
        writer.kill()
        writer.wait()
        (path,) = folder.iterdir()

        assert ([b"first", *(b"%d" % number for number in range(100))], False) == read(path)

    @pytest.mark.parametrize("moment", range(12))
    def test_interrupted_anywhere_it_goes_on(self, segment: Segment, moment: int) -> None:
        """
        A signal's handler may raise between any two steps.

        What a reader may have seen stays; where it stood is a place where it can go on.
        """
        left = moment

        def strike(_: FrameType, event: str, __: object) -> None:
            nonlocal left
            if event == "c_return":
                left -= 1
                if left < 0:
                    sys.setprofile(None)
                    raise Signalled

        try:
            sys.setprofile(strike)
            segment.write(b"struck")
        except Signalled:
            pass
        finally:
            sys.setprofile(None)
        with segment.path.open("rb") as file:
            reader = SegmentReader(file)
            seen = list(reader)
        segment.write(b"a longer payload than that")
        with segment.path.open("rb") as file:
            later = list(SegmentReader(file, reader.offset))

        assert [b"a longer payload than that"] == later
        assert seen in ([b"first"], [b"first", b"struck"])
        assert (seen + later, False) == read(segment.path)


class TestMakeReady:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")
    def test_writes_meet_no_page_fault(self, tmp_path: Path) -> None:
        """As long as not much more comes than came before."""
        import resource  # noqa: PLC0415 - not on Windows

        made = Segment.create(tmp_path, 1 << 20, b"first")
        for _ in range(20):
            made.write(b"x" * 4000)
        made.make_ready()
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        for _ in range(30):
            made.write(b"x" * 4000)
        after = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        made.close()

        assert after - before < 10

    @pytest.mark.skipif(sys.platform != "linux", reason="what a mapping has in memory is told by Linux alone")
    def test_what_was_written_is_let_go_of(self, tmp_path: Path) -> None:
        """A process does not grow by its segments; and what is there stays."""
        made = Segment.create(tmp_path, 4 << 20, b"first")
        for _ in range(3 << 8):
            made.write(b"x" * 4096)
        before = in_memory(made.path)
        made.make_ready()
        after = in_memory(made.path)
        made.end()

        assert before > 3 << 20
        assert after < 2 << 20
        assert ([b"first", *[b"x" * 4096] * (3 << 8)], True) == read(made.path)

    def test_changes_nothing(self, segment: Segment) -> None:
        """Neither what is there, nor its size, also where the segment ends."""
        for _ in range(4):
            segment.write(b"x" * 900)
            segment.make_ready()
        segment.end()

        assert ([b"first", *[b"x" * 900] * 4], True) == read(segment.path)

    def test_a_file_that_was_cut_is_no_error(self, tmp_path: Path) -> None:
        """It would be one to write there; nothing is written."""
        made = Segment.create(tmp_path, 1 << 20, b"x" * 9000)
        os.truncate(made.path, 0)
        made.make_ready()
        made.close()

        assert 0 == made.path.stat().st_size

    def test_a_system_that_cannot_do_it_is_no_error(self, segment: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
        """An older kernel does not know the word."""
        monkeypatch.setattr("orchestrace.journal.segment._POPULATE_WRITE", 9999)
        segment.write(b"x")
        segment.make_ready()

        assert ([b"first", b"x"], False) == read(segment.path)


class TestEnd:
    def test_says_that_nothing_more_will_come(self, segment: Segment) -> None:
        """A reader need not ask whether the writer lives."""
        segment.write(b"last")
        segment.end()

        assert ([b"first", b"last"], True) == read(segment.path)

    def test_gives_back_what_was_not_used(self, segment: Segment) -> None:
        """A thousand short processes do not fill the disk."""
        segment.write(b"last")
        segment.end()

        assert len(b"first" + b"last") + OVERHEAD + FRAME.size == segment.path.stat().st_size

    def test_a_reader_can_have_it_open(self, segment: Segment) -> None:
        """The file becomes shorter behind the end mark, and nobody reads there."""
        segment.write(b"last")
        with segment.path.open("rb", buffering=0) as file:
            reader = SegmentReader(file)
            segment.end()

            assert ([b"first", b"last"], True) == (list(reader), reader.ended)


class TestClose:
    def test_leaves_the_file_as_it_is(self, segment: Segment) -> None:
        """As a killed process would."""
        segment.close()

        assert ([b"first"], False) == read(segment.path)

    def test_leaves_no_descriptor(self, tmp_path: Path) -> None:
        """Neither the file's nor that of its mapping."""
        lowest = os.dup(0)
        os.close(lowest)
        Segment.create(tmp_path, 100, b"first").close()
        again = os.dup(0)
        os.close(again)

        assert lowest == again
