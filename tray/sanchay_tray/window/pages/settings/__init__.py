"""Settings: each in words, what it is, where it comes from, and why one cannot be changed here."""
