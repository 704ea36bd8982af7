"""Measures the exporter against references in the same run: `python -m benchmarks`."""
