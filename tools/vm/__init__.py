"""A small virtual machine for what this host lacks: cgroup v2 with all controllers. Start with `machine`."""
