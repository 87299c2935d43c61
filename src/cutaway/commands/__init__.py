"""Commands of the command line that have a module of their own: their words, and what they call.

In: parsed words. Out: what is to be printed. May import: everything but `cutaway.cli`.
"""
