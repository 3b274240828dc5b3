"""`Tasks`: containers and their processes, kept by their monitors; begin with `tasks`."""
