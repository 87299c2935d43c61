"""Keras configurations, of files and of any age, to a graph; shared by the readers of Keras formats.

In: the plain JSON values of a Keras config (``class_name``, ``config``, ``inbound_nodes``).
Out: nodes, groups, edges and weights in a `GraphBuilder`.
Imports: ``cutaway.errors``, ``cutaway.graph``, ``cutaway.readers.source``; never Keras, TensorFlow or NumPy.

The way through: `parsing` makes layers and calls of a config, `assemble` walks the calls and appends to the
builder, `templates` opens wrappers, cells and attention, `shapes` and `weights` are the tables of rules.
"""
