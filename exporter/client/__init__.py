"""HTTP to vendors: rate limits, signatures, tokens, retries, caps. All requests to vendors go through it."""
