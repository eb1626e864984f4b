"""What happens, for those who listen."""
