"""linux.netDevices: moves network devices of the host into the container's network namespace. Start with `move`."""
