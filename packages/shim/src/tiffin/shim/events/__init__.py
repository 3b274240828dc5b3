"""What happens to tasks, as containerd tells it: `values` (records), `messages` (protobuf), `publisher` (sends)."""
