"""Where else spans are read from: files of OTLP JSON, what Jaeger's page downloads, a Jaeger."""
