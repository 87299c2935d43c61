"""Style: what a box says, how large it is and which colours it has.

In: words and the names of colours. Out: texts that fit, widths in px, themes.
May import: `cutaway.analysis`, `cutaway.graph` and `cutaway.errors`.
"""
