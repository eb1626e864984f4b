"""The use cases, a file for each noun. They know no wire format, and the engine only by its port."""
