"""What happens, for whoever listens."""
