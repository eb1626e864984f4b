"""The window: pages that ask, show and act, in one process, one at a time."""
