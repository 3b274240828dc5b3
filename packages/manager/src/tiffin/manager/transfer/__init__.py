"""Transfers: a client names two places, and tiffin.image copies from one to the other.

`transfers` is the table of pairs of places, `places` what a client names, `progress` what it is told meanwhile,
`credentials` asks it for passwords.

Source: containerd's core/transfer.
"""
