"""From a plan to a process: the sealed core, its pipes, its messages (docs/architecture.md, "Launch protocol")."""
