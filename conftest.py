"""Loads the support that every package's tests share: `requires`, tiers, bundles, runtimes, the leak check."""

pytest_plugins = ["tiffin_testing.plugin", "pytester"]
