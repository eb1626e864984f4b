"""Whether files are in the catalog already."""
