"""The demo with a real Prometheus, a real Alertmanager and somebody who is told: what `make stack` starts."""
