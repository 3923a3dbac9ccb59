"""Sending spans on: from the pipeline to any OTLP receiver."""
