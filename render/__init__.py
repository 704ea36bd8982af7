"""Draws the dashboards with Grafana's front-end libraries, over a real Prometheus that holds a week of the demo."""
