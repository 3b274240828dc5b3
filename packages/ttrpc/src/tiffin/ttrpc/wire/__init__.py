"""The bytes of the protocol: `frames`, and the messages that they hold, `envelope`. No input, no output."""
