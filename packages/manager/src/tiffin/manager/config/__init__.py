"""Settings of `tiffind`: one table, from which files are read, checked, written and documented."""
