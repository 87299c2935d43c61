"""Running a model once, and what every layer call of it made.

``run`` is the door; ``keras_models`` follows a live Keras model by its calls, ``tflite_models`` asks the interpreter of
LiteRT, ``saved_graphs`` fetches the tensors of graphs of TensorFlow; ``inputs`` makes what a model is called with;
``store`` keeps arrays within a budget.

In: a model and its input. Out: `Activations`, keyed by the ids of nodes.
May import: `cutaway.loading`, `cutaway.readers`, `cutaway.analysis`, `cutaway.graph`, `cutaway.errors`; frameworks only
to run with.
"""
