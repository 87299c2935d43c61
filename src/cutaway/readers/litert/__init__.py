"""TensorFlow Lite, which is now called LiteRT: the parts of its reader.

In: the bytes of a ``.tflite``. Out: what `cutaway.readers.tflite` returns.
Imports: ``cutaway.errors``, ``cutaway.graph``, and of the readers what knows bytes and the names of operations.
"""
