"""The past: what the vendors' listings say of it, as a report and as samples for Prometheus."""
