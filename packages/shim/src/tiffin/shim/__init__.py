"""What stands between a manager and its containers: the monitor of each, tasks upon it, and the shim upon them."""
