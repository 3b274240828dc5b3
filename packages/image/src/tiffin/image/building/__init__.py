"""Building images from Dockerfiles. The folder is not called `build`: mypy and pytest leave such folders out."""
