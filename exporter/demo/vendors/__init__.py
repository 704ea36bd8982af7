"""One file a vendor; the folder is the list."""
