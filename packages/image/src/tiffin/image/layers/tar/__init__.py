"""The tar format, read strictly and written reproducibly: ustar, pax (POSIX.1-2001) and GNU."""
