"""gRPC: thin servicers that convert, call a service and convert back. Nothing is decided here."""
