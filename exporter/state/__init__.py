"""The state of sources and resources: frozen records, and pure functions from one to the next."""
