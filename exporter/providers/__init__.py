"""One file a vendor; the folder is the list. Each exports `PROVIDER` and is named as its provider is."""
