"""The demo with a real Prometheus, a real Alertmanager and a receiver of notifications: what `make stack` starts."""
