"""Widgets that several pages use: they know how to show, and nothing of the daemon."""
