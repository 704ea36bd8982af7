"""Simulated vendors: what the demo shows and the tests are run against; nothing the exporter itself imports."""
