"""The alert and recording rules: one table of alerts, and the files made of it."""
