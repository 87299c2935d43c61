"""Model files to what runs, loaded so that no code of a stranger does.

In: the path of a file or folder. Out: a live model of Keras, or a function or graph of TensorFlow.
Imports: ``cutaway.readers``, ``cutaway.graph`` and ``cutaway.errors``; the frameworks that load.
"""
