"""The calls of both clients, a file for each noun: what blocks beside what is awaited."""
