"""What happens by the clock: when something is due, its runs, and what is kept of them."""
