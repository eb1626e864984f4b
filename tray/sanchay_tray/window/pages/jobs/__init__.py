"""Jobs: what is under way, and what was."""
