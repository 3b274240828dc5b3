"""The executor as a Python API: the command line's code, in a process that is up already. Start with `runtime`."""
