"""The seam between a client and a manager: `protocol`, and its two implementations `over_grpc` and `direct`."""
