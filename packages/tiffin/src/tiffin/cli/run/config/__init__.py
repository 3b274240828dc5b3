"""From flags and an image's config to an OCI runtime config: one module for each section."""
