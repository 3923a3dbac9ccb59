"""Wire formats: one file reads one format, with pure functions from bytes to the records of `messages`."""
