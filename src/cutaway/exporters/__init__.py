"""Exporters: each turns a `Graph` into the form of another program.

In: a `Graph`. Out: text, or an object of that program.
May import: `cutaway.analysis`, `cutaway.graph` and `cutaway.errors`.
"""
