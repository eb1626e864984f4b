"""Schedules: what is done by the clock, and what came of it."""
