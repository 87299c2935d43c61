"""How live Keras models are opened: recipes that see calls, and the composer that makes a `Graph` of them.

``functional`` walks the nodes that Keras keeps, ``tracing`` follows `call` in TensorFlow without computing,
``symbolic`` follows it with Keras' own symbolic tensors, ``layer_list`` knows only the layers. Each yields
``Call`` objects; ``compose`` does not know which recipe made them. ``untouched`` puts a model back as it was.

In: a live Keras model. Out: a frozen `Graph`; the model is left as it was.
May import: `cutaway.graph` and `cutaway.errors`; Keras and TensorFlow, those of the model that was handed in.
"""
