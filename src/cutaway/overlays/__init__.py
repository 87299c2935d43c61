"""Overlays: whatever somebody knows about layers, by their names, on the drawing, in tables and in graphs.

In: a mapping, a DataFrame, a CSV or JSON file. Out: values by node and group of a `Graph`.
Imports: ``cutaway.graph``, ``cutaway.errors`` and the standard library.
"""
