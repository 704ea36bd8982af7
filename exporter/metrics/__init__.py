"""From what is known to bytes: the table of metric families, and the board that holds the prepared lines."""
