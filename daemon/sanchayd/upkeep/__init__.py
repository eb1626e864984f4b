"""The daemon's own state and chores: pauses, checks, pruning."""
