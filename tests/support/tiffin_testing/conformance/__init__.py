"""Conformance suites: each takes a factory of one protocol's implementation, and checks what every one must do."""
