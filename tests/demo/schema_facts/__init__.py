"""What each vendor's documents say of its answers, one file a vendor: fields, types, words, null or left out, headers.

A field is required here if the documents require it or all their examples have it. Where a field depends on a status,
as a size that only a completed backup has, each case is written down. Fields that the documents name but no simulator
tells are not repeated. Where documents are silent, as on most refusals, the envelope of the vendor's others holds.
"""
