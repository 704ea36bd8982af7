"""Tells Prometheus how old, how large, how long, how many and how far along the backups at vendors are."""

__version__ = "0.1.0"
