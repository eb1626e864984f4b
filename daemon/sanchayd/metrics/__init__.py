"""Figures of the running daemon in Prometheus' text format, where `[metrics] listen` asks for them; else nothing."""
