"""The verbs of a container's life, one module each: create, start, run, exec, kill, delete and the others."""
