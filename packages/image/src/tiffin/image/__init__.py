"""Images: reading them from layouts and archives, and unpacking them to a store of root file systems."""
