"""Clearing copies: plans that are made, read and edited, and the jobs that run them or take a run back."""
