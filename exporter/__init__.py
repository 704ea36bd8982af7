"""Exports the age, size, duration, count and progress of the backups at vendors to Prometheus."""

__version__ = "0.1.0"
