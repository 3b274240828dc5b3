"""Log lines as runc writes them: text or JSON, to standard error or to the file of --log."""
