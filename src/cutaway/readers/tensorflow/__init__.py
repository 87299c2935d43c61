"""What the formats that hold TensorFlow operations have in common: a GraphDef and its functions to a `Graph`.

In: a `Program`, however it was written (binary, text, JSON, or a live graph). Out: a `Graph` with the layers that
the operations belong to. Imports: ``cutaway.readers.wire``, ``cutaway.graph``. TensorFlow is not needed.
"""
