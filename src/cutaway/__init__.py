"""cutaway shows the inside of TensorFlow models."""
