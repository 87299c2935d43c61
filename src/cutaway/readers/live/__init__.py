"""How live Keras models are opened: recipes that see calls, and the composer that makes a `Graph` of them.

``functional`` walks the nodes that Keras keeps, ``tracing`` follows `call` in TensorFlow without computing,
``symbolic`` follows it with Keras' own symbolic tensors; ``opener`` tries them in turn and at last lists the layers.
Each yields `Call` objects; ``compose`` does not know which recipe made them. ``untouched`` puts a model back as it was.

In: a live model, and what it may be called with. Out: a `Graph`.
May import: ``cutaway.errors``, ``cutaway.graph``, ``cutaway.readers.keras.serialized``; Keras and TensorFlow only as
the live object brought them.
"""
