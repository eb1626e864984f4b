"""The folders that are cataloged: what a person asked for, and under which names."""
