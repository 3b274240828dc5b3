"""Pulling an image into a store: fetched, verified, decompressed and unpacked all at once."""
