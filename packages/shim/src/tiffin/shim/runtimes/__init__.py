"""OCI runtimes as one port (`port`): by command line (`command_line`), or our own in this process (`in_process`)."""
