"""The executor as a Python API: the same code as the command line, in a process that is up already. Start with `runtime`."""
