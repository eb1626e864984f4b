"""Copies: groups of equal files, filtered and ordered, and their review: what stays and what goes, one by one."""
