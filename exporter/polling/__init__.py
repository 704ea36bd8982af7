"""When to request what from vendors, and how to process the answers."""
