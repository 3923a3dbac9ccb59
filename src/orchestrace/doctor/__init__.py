"""Find out why nothing arrives, and what to type: one check per file."""
