"""Between the wire's messages and the daemon's own values, a file for each family of messages."""
