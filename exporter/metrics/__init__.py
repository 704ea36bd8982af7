"""From state to bytes: the table of metric families, and the exposition that keeps the rendered lines."""
