"""The plan: typed kernel operations, made in Python and executed in C. Start with `table`."""
