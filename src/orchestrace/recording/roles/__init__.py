"""The parts of a run, one per file: what each says when it begins, and what it knows when it ends."""
