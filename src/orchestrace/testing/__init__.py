"""A public test kit: captured spans as a readable tree, a replay server, a pytest plugin."""
