"""Layers: applying them, uncompressed, to a root file system."""
