"""Training: what a run logs while it trains, and logs read again, also while they grow.

In: values that a training hands over, and folders of event files, whoever wrote them.
Out: event files that TensorBoard opens; columns of steps, times and values.
May import: `profiling`, `readers`, `analysis`, `graph`, `errors`. Keras and TensorFlow are in `recorder` alone.
"""
