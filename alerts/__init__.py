"""The rule files, made from the table in `exporter.alerts`."""

RULE_FILES = ("backups.yml", "collection.yml")
