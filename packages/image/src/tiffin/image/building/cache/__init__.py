"""The build cache: keys by content, the results of steps by their keys, and caches in layouts and registries."""
