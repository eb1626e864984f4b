"""Messages and stubs generated from the protos beside them, by `proto/generate.py`. Never edited by hand."""
