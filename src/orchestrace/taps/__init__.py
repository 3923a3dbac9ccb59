"""Taps: one file observes one HTTP client through its public surface, where the bytes pass."""
