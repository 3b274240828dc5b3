"""containerd.services.introspection.v1: which plugins there are, and who the daemon is."""
