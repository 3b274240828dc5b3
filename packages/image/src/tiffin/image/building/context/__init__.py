"""What COPY, ADD and bind mounts read: folders seen as roots, `.dockerignore`, globs, and digests of contents."""
