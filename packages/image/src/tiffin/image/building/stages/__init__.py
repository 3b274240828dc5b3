"""A Dockerfile's stages: which are needed, and their steps with everything expanded (`plan`)."""
