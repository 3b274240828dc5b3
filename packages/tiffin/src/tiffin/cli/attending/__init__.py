"""A process that somebody else holds (a manager, a monitor), on our own streams: copying, terminal, signals."""
