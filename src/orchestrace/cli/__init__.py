"""The `orchestrace` command: one subcommand per file."""
