"""Asks vendors: paces, signs, renews, deciphers; nobody else performs vendor HTTP."""
