"""One file a command; each returns the exit code."""
