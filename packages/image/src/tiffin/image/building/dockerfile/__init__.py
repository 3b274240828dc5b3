"""Dockerfiles: from text to typed instructions (`parse`), and the expansion of variables in them (`expand`)."""
