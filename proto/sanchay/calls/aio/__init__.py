"""The calls, awaited."""
