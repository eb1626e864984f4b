"""The version of Sanchay: written here, and nowhere else but with the engine, whose distribution is its own."""

__version__ = "0.1.0"
