"""What each box says, how large it is, and in which colours: everything a reader of the picture sees but places.

In: a `Graph`, facts, and the caller's wishes. Out: labels, sizes and a `Theme`.
May import: `cutaway.analysis`, `cutaway.graph`, `cutaway.errors`.
"""
