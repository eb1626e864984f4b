"""What the tests share: a daemon as a process of its own, trees of files, and a catalog that needs no engine."""
