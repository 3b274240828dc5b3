"""From a config to a plan: one file for each section of config.json. Start with `create` or `execute`."""
