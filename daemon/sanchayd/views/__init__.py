"""Orders of groups and of hits that clients hold open, and read by position."""
