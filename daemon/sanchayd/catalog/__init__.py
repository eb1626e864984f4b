"""Questions to the catalog, and how fresh each answer is."""
