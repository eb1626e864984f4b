"""The calls of both clients, a file for each noun: what blocks beside what is awaited.

A service's stubs are imported with the first call to it: a program that asks one thing pays for one.
"""
