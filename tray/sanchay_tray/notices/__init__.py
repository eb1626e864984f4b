"""Notices: which events are worth one, and who shows it."""
