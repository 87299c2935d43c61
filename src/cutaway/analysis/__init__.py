"""Analyses: facts about nodes and groups, each a pure function of the graph.

In: a `Graph`. Out: numbers by position of the node or group, never written on it.
May import: `cutaway.graph` and `cutaway.errors`.
"""
