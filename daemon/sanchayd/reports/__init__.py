"""What a run found, what is new since the one before, the file that it writes and the command that it calls."""
