"""Verification: whether all that a store says it has is there, and whole."""
