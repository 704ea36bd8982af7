"""Keeps the state across restarts: the schema of the state file, the file, and its saver."""
