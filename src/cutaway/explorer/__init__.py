"""The explorer: a page in which a person finds their way through a model, served or as one file.

In: a graph that is laid out (`cutaway.drawing.arrange`), or the path of a model. Out: the chart, which is all that the
page draws, as static data; a server that answers slices of it; and the page as one file.
May import: all but the command line and what is beside it. The page itself is written in ``web/``.
"""
