"""Health: whether files have rotted, what was cleaned up, and what happened."""
