"""One file a command, with `add_flags` and `run`, which returns the exit code; `exporter.cli` lists them."""
