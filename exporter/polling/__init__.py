"""When vendors are asked for what, and what becomes of the answers."""
