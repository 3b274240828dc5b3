"""The daemon's frame: one instance, its sockets and servers, signals, start and stop. `daemon` puts it together."""
