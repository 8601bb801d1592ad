"""Erased, provably: documents go from everywhere, and a signed statement says so."""
