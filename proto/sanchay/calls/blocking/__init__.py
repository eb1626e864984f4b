# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""The calls, blocking."""
