"""Search: a line, and hits as one types."""
