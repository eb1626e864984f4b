"""The calls of both clients, a file for each noun: `aio` by hand, and `blocking` by proto/blocking.py from it."""
