"""COPY and ADD: files from a source tree, an archive or an address into a mounted root file system."""
