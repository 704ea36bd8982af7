"""The rule files, made from the table in `exporter.alerts`."""
