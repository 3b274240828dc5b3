"""Building images from Dockerfiles. The folder is not called `build`: git, mypy and pytest leave such folders out."""
