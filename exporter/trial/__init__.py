"""Tries declarations: their own tests offline, for `check`, and a source for real, for `try`."""
