"""Vendors described in YAML: the grammar, its expressions, the provider made of it, and the packaged catalog."""
