"""What happens to a span between its end and the disk: inherit, merge, redact, bound. One gate for all we keep."""
