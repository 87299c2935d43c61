"""The step of a training, with what is recorded of it: taken inside the user's own `train_step`, on TensorFlow.

In: a live model in `fit`, and a `Plan` of what to take. Out: arrays of counts and moments, and seconds, by the ids of
the graph. May import: `profiling`, `readers`, `errors`, and Keras and TensorFlow, which are there where models train.
"""
