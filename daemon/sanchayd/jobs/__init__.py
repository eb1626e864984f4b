"""Long work that was asked for: a queue, its progress, and how each ended."""
