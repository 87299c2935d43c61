"""Where the time of a model goes: its operations timed by TensorFlow while it runs, or read from a trace, by layer.

In: a model that can be run, or the trace of one and its `Graph`. Out: seconds by node and group, and a roofline.
Imports: ``cutaway.loading``, ``cutaway.graph``, ``cutaway.readers`` and ``cutaway.errors``; TensorFlow and Keras where
a model is run.

Timing layers one by one lies by a factor of 2 to 10: each call then fetches fresh memory and nothing runs beside it.
So the whole model runs as it is, TensorFlow's profiler notes every operation, and each operation goes to the layer
whose call made it. Files of TensorFlow Lite run under LiteRT's profiler, in a process of their own (``litert_*``).
"""
