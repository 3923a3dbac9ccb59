"""What is said of a run afterwards: which run, what, when, by whom; and how that becomes a span of its trace."""
