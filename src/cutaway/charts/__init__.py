"""Charts: where a model is large, what it computes, and what bounds it, as pictures.

In: a grouped `Graph`. Out: a `Scene`, whose boxes bear the ids of layers and groups.
May import: `cutaway.drawing` and everything below it.
"""
