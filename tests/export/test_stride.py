from __future__ import annotations

from orchestrace.export.stride import Stride

KIB = 1 << 10


class TestFailed:
    def test_two_in_a_row_say_nothing(self) -> None:
        """A receiver was away, say."""
        stride = Stride(512)
        for _ in range(2):
            stride.failed(512)

        assert (512, None) == (stride.count, stride.largest)

    def test_after_that_each_halves(self) -> None:
        """Down to one record; half of what was sent, where less waits than goes together."""
        stride = Stride(512)
        seen = []
        for sent in (100, 100, 100, 50, 3, 1, 1):
            stride.failed(sent)
            seen.append(stride.count)

        assert [512, 512, 50, 25, 1, 1, 1] == seen

    def test_of_a_record_alone_three_cuts_say_that_it_is_too_large(self) -> None:
        """Three more, that it is so still; nothing becomes smaller than what anybody takes."""
        stride = Stride(512)
        stride.failed(2, cut=True)
        seen = []
        for _ in range(4 * 3):
            stride.failed(1, cut=True)
            seen.append(stride.largest)

        assert [None, None] + [1024 * KIB] * 3 + [256 * KIB] * 3 + [64 * KIB] * 4 == seen

    def test_any_other_failure_in_between_says_that_it_is_not(self) -> None:
        """Nobody was there: then a connection that broke may have been the end of somebody, too."""
        stride = Stride(512)
        for cut in (True, True, False, True):
            stride.failed(1, cut=cut)

        assert stride.largest is None


class TestSucceeded:
    def test_goes_on_with_what_arrives(self) -> None:
        """Not again and again with what does not; after a while that is tried, and if it fails not twice."""
        stride = Stride(512)
        for sent in (512, 512, 512, 256):
            stride.failed(sent)
        seen = []
        for _ in range(18):
            stride.succeeded()
            seen.append(stride.count)
        stride.failed(512)

        assert [128] * 15 + [256, 512, 512] == seen
        assert 512 == stride.count, "a first failure"

    def test_halves_at_once_what_is_more_than_arrived(self) -> None:
        """It failed before."""
        stride = Stride(512)
        for sent in (512, 512, 512, 256, 128):
            stride.failed(sent)
        for _ in range(16):
            stride.succeeded()
        stride.failed(128)

        assert 64 == stride.count

    def test_after_an_outage_it_is_soon_as_before(self) -> None:
        """However long that was."""
        stride = Stride(512)
        for _ in range(99):
            stride.failed(stride.count, cut=True)
        for _ in range(25):
            stride.succeeded()

        assert (512, None) == (stride.count, stride.largest)
