"""Models that each stress one way of writing models; small, and built anew by each call.

Functional ones come built. Subclassed ones come as ``(model, example)``: the example is what the model can be
called with, and its shapes and types are what a reader may be told.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers as kl
from keras import ops

Example = Any


def floats(*shape: int) -> np.ndarray:
    """Zeros of a shape."""
    return np.zeros(shape, "float32")


def ids(*shape: int) -> np.ndarray:
    """Token ids of a shape, none of which is the padding."""
    return np.ones(shape, "int32")


# --- Functional and Sequential -------------------------------------------------------------------


def build_unet(size: int = 32, depth: int = 3, width: int = 8) -> keras.Model:
    """A U-Net: convolutions down and up, and a concatenation across at each level."""
    inputs = keras.Input((size, size, 3), name="image")
    x, skips = inputs, []
    for level in range(depth):
        x = kl.Conv2D(width << level, 3, padding="same", activation="relu", name=f"down{level}_a")(x)
        x = kl.Conv2D(width << level, 3, padding="same", activation="relu", name=f"down{level}_b")(x)
        skips.append(x)
        x = kl.MaxPooling2D(name=f"down{level}_pool")(x)
    x = kl.Conv2D(width << depth, 3, padding="same", activation="relu", name="bottom")(x)
    for level in reversed(range(depth)):
        x = kl.Conv2DTranspose(width << level, 2, strides=2, name=f"up{level}_grow")(x)
        x = kl.Concatenate(name=f"up{level}_skip")([skips[level], x])
        x = kl.Conv2D(width << level, 3, padding="same", activation="relu", name=f"up{level}_a")(x)
    return keras.Model(inputs, kl.Conv2D(1, 1, activation="sigmoid", name="mask")(x), name="unet")


def build_siamese() -> keras.Model:
    """Two images through one tower; their distance and the first embedding leave as a dict."""
    tower = keras.Sequential(
        [
            kl.Input((28, 28, 1)),
            kl.Conv2D(8, 3, activation="relu", name="conv"),
            kl.GlobalAveragePooling2D(name="pool"),
            kl.Dense(16, name="embedding"),
        ],
        name="tower",
    )
    left, right = keras.Input((28, 28, 1), name="left"), keras.Input((28, 28, 1), name="right")
    a, b = tower(left), tower(right)
    distance = ops.sqrt(ops.sum(ops.square(a - b), axis=-1, keepdims=True))
    same = kl.Dense(1, activation="sigmoid", name="same")(distance)
    return keras.Model({"left": left, "right": right}, {"same": same, "embedding": a}, name="siamese")


def build_gan() -> keras.Model:
    """A generator in front of a discriminator, both nested."""
    generator = keras.Sequential(
        [
            kl.Input((16,)),
            kl.Dense(7 * 7 * 8, name="project"),
            kl.Reshape((7, 7, 8), name="grid"),
            kl.Conv2DTranspose(8, 4, strides=2, padding="same", activation="relu", name="grow1"),
            kl.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh", name="grow2"),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            kl.Input((28, 28, 1)),
            kl.Conv2D(8, 4, strides=2, padding="same", name="conv"),
            kl.LeakyReLU(0.2, name="leak"),
            kl.Flatten(name="flat"),
            kl.Dense(1, name="real"),
        ],
        name="discriminator",
    )
    discriminator.trainable = False
    noise = keras.Input((16,), name="noise")
    return keras.Model(noise, discriminator(generator(noise)), name="gan")


def build_two_tower(users: int = 100, items: int = 50, width: int = 8) -> keras.Model:
    """A recommender: embeddings and dense layers for user and item, joined by a dot product."""
    user, item = keras.Input((1,), dtype="int32", name="user"), keras.Input((1,), dtype="int32", name="item")
    sides = []
    for name, tensor, count in (("user", user, users), ("item", item, items)):
        x = kl.Flatten(name=f"{name}_flat")(kl.Embedding(count, width, name=f"{name}_embedding")(tensor))
        x = kl.Dense(width, activation="relu", name=f"{name}_hidden")(x)
        sides.append(kl.Dense(width, name=f"{name}_vector")(x))
    return keras.Model([user, item], kl.Dot(axes=1, name="score")(sides), name="two_tower")


def build_transformer_encoder(layers: int = 12, width: int = 32, heads: int = 4, length: int = 16) -> keras.Model:
    """A transformer encoder of equal blocks, flat, with names that tell the block."""
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    x = kl.Embedding(100, width, name="embedding")(tokens)
    for block in range(layers):
        h = kl.LayerNormalization(name=f"block{block}_norm1")(x)
        h = kl.MultiHeadAttention(heads, width // heads, name=f"block{block}_attention")(h, h)
        x = kl.Add(name=f"block{block}_add1")([x, h])
        h = kl.LayerNormalization(name=f"block{block}_norm2")(x)
        h = kl.Dense(width * 2, activation="gelu", name=f"block{block}_expand")(h)
        h = kl.Dense(width, name=f"block{block}_shrink")(h)
        x = kl.Add(name=f"block{block}_add2")([x, h])
    x = kl.LayerNormalization(name="norm")(x)
    return keras.Model(tokens, kl.Dense(2, name="head")(kl.GlobalAveragePooling1D(name="pool")(x)), name="encoder")


def build_seq2seq(words: int = 50, width: int = 16) -> keras.Model:
    """An LSTM encoder-decoder: the encoder's states start the decoder."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = kl.Embedding(words, width, mask_zero=True, name="source_embedding")(source)
    _, hidden, carry = kl.LSTM(width, return_state=True, name="encoder")(x)
    y = kl.Embedding(words, width, mask_zero=True, name="target_embedding")(target)
    y = kl.LSTM(width, return_sequences=True, name="decoder")(y, initial_state=[hidden, carry])
    return keras.Model([source, target], kl.Dense(words, name="words")(y), name="seq2seq")


def build_recurrent_wrappers() -> keras.Model:
    """Bidirectional, TimeDistributed, attention and stacked cells, one after another."""
    x = inputs = keras.Input((12, 8), name="steps")
    x = kl.Bidirectional(kl.LSTM(4, return_sequences=True, name="lstm"), name="both")(x)
    x = kl.TimeDistributed(kl.Dense(8, name="dense"), name="each")(x)
    x = kl.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = kl.RNN([kl.LSTMCell(4, name="lower"), kl.GRUCell(3, name="upper")], name="stack")(x)
    return keras.Model(inputs, x, name="recurrent_wrappers")


def build_hostile() -> keras.Model:
    """What breaks naive readers: sharing, parallel edges, ports, constants, an input that is an output."""
    x, unused = keras.Input((8,), name="x"), keras.Input((3,), name="unused")
    shared = kl.Dense(8, name="shared")
    keras.Model(x, shared(x), name="other")  # a call of the shared layer that does not belong here
    a = shared(x)
    b = shared(a)
    inner = keras.Sequential([kl.Input((8,)), kl.Dense(8, name="in")], name="inner")
    c = inner(inner(b))
    best, places = ops.top_k(c, 2)
    first, second = ops.split(c, 2, axis=-1)
    joined = ops.concatenate([first, second, first], axis=-1)
    scaled = joined * 2.0 + np.ones((12,), "float32")
    twice = kl.Add(name="twice")([scaled, scaled])
    return keras.Model(
        {"x": x, "unused": unused},
        {"best": best, "places": places, "twice": twice, "again": twice, "input": x},
        name="hostile",
    )


# --- composite layers ----------------------------------------------------------------------------


class Mlp(kl.Layer):
    """Two dense layers."""

    def __init__(self, hidden: int, width: int, **more: Any) -> None:
        super().__init__(**more)
        self.expand = kl.Dense(hidden, activation="gelu", name="expand")
        self.shrink = kl.Dense(width, name="shrink")

    def call(self, x: Any) -> Any:
        return self.shrink(self.expand(x))


class Block(kl.Layer):
    """A transformer block with dropout, which does nothing at inference."""

    def __init__(self, width: int = 16, heads: int = 2, **more: Any) -> None:
        super().__init__(**more)
        self.norm1 = kl.LayerNormalization(name="norm1")
        self.attention = kl.MultiHeadAttention(heads, width // heads, name="attention")
        self.drop = kl.Dropout(0.1, name="drop")
        self.norm2 = kl.LayerNormalization(name="norm2")
        self.mlp = Mlp(width * 2, width, name="mlp")

    def call(self, x: Any, training: bool = False) -> Any:
        h = self.norm1(x)
        x = x + self.drop(self.attention(h, h), training=training)
        return x + self.mlp(self.norm2(x))


class Vit(keras.Model):
    """A vision transformer with learned positions."""

    def __init__(self, patch: int = 4, width: int = 16, blocks: int = 2, **more: Any) -> None:
        super().__init__(**more)
        self.width = width
        self.patches = kl.Conv2D(width, patch, strides=patch, name="patches")
        self.positions = kl.Embedding(16, width, name="positions")
        self.blocks = [Block(width, name=f"block{place}") for place in range(blocks)]
        self.norm = kl.LayerNormalization(name="norm")
        self.head = kl.Dense(10, name="head")

    def call(self, image: Any, training: bool = False) -> Any:
        x = self.patches(image)
        shape = ops.shape(x)
        x = ops.reshape(x, (shape[0], shape[1] * shape[2], self.width))
        x = x + self.positions(ops.arange(16))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.norm(x)[:, 0])


class Unet(keras.Model):
    """A U-Net that keeps its layers and skips in lists."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.down = [kl.Conv2D(4 << level, 3, padding="same", name=f"down{level}") for level in range(3)]
        self.pool = kl.MaxPooling2D(name="pool")
        self.up = [kl.Conv2DTranspose(4 << level, 2, strides=2, name=f"up{level}") for level in range(3)]
        self.join = [kl.Concatenate(name=f"join{level}") for level in range(3)]
        self.last = kl.Conv2D(1, 1, name="last")

    def call(self, x: Any) -> Any:
        skips = []
        for conv in self.down:
            x = conv(x)
            skips.append(x)
            x = self.pool(x)
        for level in reversed(range(3)):
            x = self.join[level]([skips[level], self.up[level](x)])
        return self.last(x)


class Siamese(keras.Model):
    """Takes and returns dicts, and compares with an operation of TensorFlow's own."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.hidden = kl.Dense(8, activation="relu", name="hidden")
        self.vector = kl.Dense(4, name="vector")
        self.same = kl.Dense(1, name="same")

    def call(self, pair: Any) -> Any:
        import tensorflow as tf

        a, b = (self.vector(self.hidden(pair[side])) for side in ("left", "right"))
        return {"same": self.same(tf.abs(a - b)), "vector": a}


class Seq2Seq(keras.Model):
    """An LSTM encoder-decoder whose masks travel beside the tensors."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.source = kl.Embedding(20, 8, mask_zero=True, name="source")
        self.target = kl.Embedding(20, 8, mask_zero=True, name="target")
        self.encoder = kl.LSTM(8, return_state=True, name="encoder")
        self.decoder = kl.LSTM(8, return_sequences=True, name="decoder")
        self.words = kl.Dense(20, name="words")

    def call(self, inputs: Any) -> Any:
        source, target = inputs
        _, hidden, carry = self.encoder(self.source(source))
        return self.words(self.decoder(self.target(target), initial_state=[hidden, carry]))


class Sampling(kl.Layer):
    """Draws from a normal distribution; calls no layer."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.seed = keras.random.SeedGenerator(7)

    def call(self, inputs: Any) -> Any:
        mean, spread = inputs
        return mean + ops.exp(0.5 * spread) * keras.random.normal(ops.shape(mean), seed=self.seed)


class Vae(keras.Model):
    """Samples, and adds a loss inside `call`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.encode = kl.Dense(16, activation="relu", name="encode")
        self.mean, self.spread = kl.Dense(2, name="mean"), kl.Dense(2, name="spread")
        self.sample = Sampling(name="sample")
        self.decode = keras.Sequential([kl.Dense(16, name="wide"), kl.Dense(8, name="out")], name="decode")

    def call(self, x: Any) -> Any:
        h = self.encode(x)
        mean, spread = self.mean(h), self.spread(h)
        self.add_loss(-0.5 * ops.mean(1 + spread - ops.square(mean) - ops.exp(spread)))
        return self.decode(self.sample([mean, spread]))


class GptBlock(kl.Layer):
    """Attention written out with einsum."""

    def __init__(self, width: int = 8, heads: int = 2, **more: Any) -> None:
        super().__init__(**more)
        self.width, self.heads = width, heads
        self.norm = kl.LayerNormalization(name="norm")
        self.qkv = kl.Dense(3 * width, name="qkv")
        self.out = kl.Dense(width, name="out")

    def call(self, x: Any) -> Any:
        length = ops.shape(x)[1]
        qkv = ops.reshape(self.qkv(self.norm(x)), (-1, length, 3, self.heads, self.width // self.heads))
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        scores = ops.einsum("bihd,bjhd->bhij", q, k)
        mask = ops.arange(length)[:, None] >= ops.arange(length)[None, :]
        scores = ops.softmax(ops.where(mask, scores, -1e9), axis=-1)
        mixed = ops.einsum("bhij,bjhd->bihd", scores, v)
        return x + self.out(ops.reshape(mixed, (-1, length, self.width)))


class Gpt(keras.Model):
    """A decoder whose output uses the embedding's own table."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.tokens = kl.Embedding(30, 8, name="tokens")
        self.positions = kl.Embedding(16, 8, name="positions")
        self.blocks = [GptBlock(name=f"block{place}") for place in range(2)]
        self.norm = kl.LayerNormalization(name="norm")

    def call(self, tokens: Any) -> Any:
        x = self.tokens(tokens) + self.positions(ops.arange(ops.shape(tokens)[1]))
        for block in self.blocks:
            x = block(x)
        return ops.matmul(self.norm(x), ops.transpose(self.tokens.embeddings))


class Branching(keras.Model):
    """Does more in training than at inference."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.hidden = kl.Dense(8, name="hidden")
        self.extra = kl.Dense(8, name="extra")
        self.noise = kl.GaussianNoise(0.1, name="noise")
        self.out = kl.Dense(2, name="out")

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.hidden(x)
        if training:
            x = self.noise(self.extra(x))
        return self.out(x)


class Collections(keras.Model):
    """Layers in a list and in a dict."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.experts = [kl.Dense(4, name=f"expert{place}") for place in range(3)]
        self.heads = {name: kl.Dense(1, name=name) for name in ("age", "price")}
        self.mix = kl.Dense(4, name="mix")

    def call(self, x: Any) -> Any:
        mixed = self.mix(ops.sum(ops.stack([expert(x) for expert in self.experts], axis=1), axis=1))
        return {name: head(mixed) for name, head in self.heads.items()}


class Looping(keras.Model):
    """Calls one layer four times."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.first = kl.Dense(8, name="first")
        self.step, self.drop = kl.Dense(8, name="step"), kl.Dropout(0.5, name="drop")
        self.last = kl.Dense(2, name="last")

    def call(self, x: Any) -> Any:
        x = self.first(x)
        for _ in range(4):
            x = x + self.drop(self.step(x))
        return self.last(x)


class RawTensorFlow(keras.Model):
    """Operations, a variable, a loop and a condition of TensorFlow's own, with a layer in the loop."""

    def __init__(self, **more: Any) -> None:
        import tensorflow as tf

        super().__init__(**more)
        self.scale = tf.Variable(2.0, name="scale")
        self.first = kl.Dense(4, name="first")
        self.step = kl.Dense(4, name="step")

    def call(self, x: Any) -> Any:
        import tensorflow as tf

        x = self.first(x) * self.scale
        x = tf.while_loop(lambda i, _: i < 3, lambda i, h: (i + 1, self.step(h)), (tf.constant(0), x))[1]
        return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.relu(x), lambda: tf.nn.tanh(x))


SUBCLASSED: dict[str, tuple[type[keras.Model], Example]] = {
    "vit": (Vit, floats(2, 16, 16, 3)),
    "unet": (Unet, floats(2, 16, 16, 3)),
    "siamese": (Siamese, {"left": floats(2, 6), "right": floats(2, 6)}),
    "seq2seq": (Seq2Seq, [ids(2, 5), ids(2, 7)]),
    "vae": (Vae, floats(2, 8)),
    "gpt": (Gpt, ids(2, 6)),
    "branching": (Branching, floats(2, 8)),
    "collections": (Collections, floats(2, 6)),
    "looping": (Looping, floats(2, 6)),
    "raw_tensorflow": (RawTensorFlow, floats(2, 6)),
}
"""Subclassed models by name, with what they can be called with."""


def build_subclassed(name: str, *, built: bool = True) -> tuple[keras.Model, Example]:
    """One of `SUBCLASSED`, called once if ``built``, and its example."""
    cls, example = SUBCLASSED[name]
    model = cls(name=name)
    if built:
        model(example)
    return model, example


def build_vit(blocks: int = 2) -> keras.Model:
    """A subclassed vision transformer, built."""
    model = Vit(blocks=blocks, name="vit")
    model(floats(1, 16, 16, 3))
    return model


def build_subclass_inside_functional() -> keras.Model:
    """Custom blocks and a subclassed model among the layers of a Functional model."""
    inputs = keras.Input((6, 16), name="inputs")
    block = Block(name="block")
    x = block(block(inputs))
    x = kl.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, Looping(name="looping")(x), name="mixed")


FUNCTIONAL = {
    "unet": build_unet,
    "siamese": build_siamese,
    "gan": build_gan,
    "two_tower": build_two_tower,
    "transformer_encoder": build_transformer_encoder,
    "seq2seq": build_seq2seq,
    "recurrent_wrappers": build_recurrent_wrappers,
    "hostile": build_hostile,
    "subclass_inside_functional": build_subclass_inside_functional,
}
"""Builders of Functional models by name."""
