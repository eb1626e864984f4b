"""Folders: each folder in the catalog, how it is kept up, and the first start, where there is none."""
