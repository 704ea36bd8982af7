"""Reads the configuration: YAML in, frozen settings out, or every problem with its place and its cure."""
