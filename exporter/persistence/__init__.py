"""Keeps the state over a restart: the schema of the state file, the file, and what saves it."""
