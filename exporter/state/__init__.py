"""What is known of sources and resources: frozen records and the pure functions from one to the next."""
