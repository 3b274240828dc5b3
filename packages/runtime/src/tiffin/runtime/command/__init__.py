"""runc's command line: flags, help, exit codes, and which texts callers parse. Start with `table`."""
