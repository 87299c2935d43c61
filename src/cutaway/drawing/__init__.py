"""Renderers: each turns a `Scene` into one kind of file.

In: a `Scene`. Out: text or bytes. May import: `cutaway.layout` and everything below it.
"""
