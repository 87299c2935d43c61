"""Random configurations of every layer class that Keras exports, for the tests of the rules.

A case draws a layer and the inputs to call it on; Keras may refuse a combination, which the test then skips.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Inputs = Any
Case = Callable[[Draw, Any], tuple[Any, Inputs]]
"""Draws, and Keras itself → a layer and the structure of inputs to call it on."""

small = st.integers(1, 6)
dims = st.integers(3, 9)
maybe_dims = st.one_of(st.none(), dims)
flag = st.booleans()
formats = st.sampled_from([None, "channels_last", "channels_first"])
paddings = st.sampled_from(["valid", "same"])
policies = st.sampled_from([None, "float32", "mixed_float16", "float64"])
modes = st.sampled_from(["int", "one_hot", "multi_hot", "count"])


def options(draw: Draw, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
    return {name: draw(choice) for name, choice in choices.items()}


def tensor(keras: Any, draw: Draw, rank: int, *, known: bool = False, dtype: str = "float32") -> Any:
    shape = [draw(dims if known else maybe_dims) for _ in range(rank)]
    return keras.Input(shape=shape, dtype=dtype)


def image(keras: Any, draw: Draw, rank: int, data_format: Any, *, known: bool = False) -> Any:
    lengths = [draw(dims if known else maybe_dims) for _ in range(rank)]
    depth = draw(small)
    first = (data_format or "channels_last") == "channels_first"
    return keras.Input(shape=[depth, *lengths] if first else [*lengths, depth])


def per_axis(rank: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=rank, max_size=rank).map(tuple))


def identity(name: str, rank: tuple[int, int] = (1, 4), **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        layer = getattr(keras.layers, name)(**options(draw, dtype=policies, **choices))
        return layer, tensor(keras, draw, draw(st.integers(*rank)))

    return case


def pictures(name: str, **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        layer = getattr(keras.layers, name)(**options(draw, **choices))
        return layer, keras.Input(shape=(draw(dims), draw(dims), 3))

    return case


def convolution(name: str, rank: int, *, filters: bool = True, grouped: bool = False, transposed: bool = False) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        form = draw(formats)
        source = image(keras, draw, rank, form)
        depth = source.shape[1] if form == "channels_first" else source.shape[-1]
        chosen = options(
            draw,
            kernel_size=per_axis(rank, st.integers(1, 3)),
            strides=per_axis(rank, st.integers(1, 3)),
            dilation_rate=per_axis(rank, st.integers(1, 2)),
            padding=st.sampled_from(["valid", "same", "causal"] if name == "Conv1D" else ["valid", "same"]),
            use_bias=flag,
            dtype=policies,
        )
        if filters:
            chosen["filters"] = draw(small)
        if grouped and draw(flag):
            chosen["groups"], chosen["filters"] = depth, depth * draw(st.integers(1, 2))
        if not filters or name.startswith("Separable"):
            chosen["depth_multiplier"] = draw(st.integers(1, 3))
        if transposed:
            chosen["output_padding"] = draw(st.one_of(st.none(), st.integers(0, 1)))
        return getattr(keras.layers, name)(data_format=form, **chosen), source

    return case


def pooling(name: str, rank: int) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        form = draw(formats)
        chosen = options(
            draw,
            pool_size=per_axis(rank, st.integers(1, 3)),
            strides=st.one_of(st.none(), per_axis(rank, st.integers(1, 3))),
            padding=paddings,
        )
        return getattr(keras.layers, name)(data_format=form, **chosen), image(keras, draw, rank, form)

    return case


def spatial(name: str, rank: int, *, known: bool = False, **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        form = draw(formats)
        chosen = {} if name in ("UpSampling1D", "Cropping1D") else {"data_format": form}
        form = form if chosen else None
        layer = getattr(keras.layers, name)(**chosen, **options(draw, **choices))
        return layer, image(keras, draw, rank, form, known=known)

    return case


def margins(rank: int) -> st.SearchStrategy[Any]:
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    if rank == 1:
        return st.one_of(st.integers(0, 2), pair)
    return st.one_of(st.integers(0, 2), st.lists(pair, min_size=rank, max_size=rank).map(tuple))


def merging(name: str) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        shape = [draw(dims) for _ in range(draw(st.integers(1, 3)))]
        count = 2 if name == "Subtract" else draw(st.integers(2, 4))
        inputs = [keras.Input(shape=[draw(st.sampled_from([dim, 1, None])) for dim in shape]) for _ in range(count)]
        return getattr(keras.layers, name)(dtype=draw(policies)), inputs

    return case


def concatenate(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    rank = draw(st.integers(1, 3))
    shape, axis = [draw(dims) for _ in range(rank)], draw(st.integers(1, rank))
    inputs = []
    for _ in range(draw(st.integers(2, 3))):
        own = list(shape)
        own[axis - 1] = draw(maybe_dims)
        inputs.append(keras.Input(shape=own))
    return keras.layers.Concatenate(axis=draw(st.sampled_from([axis, axis - rank - 1]))), inputs


def dot(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    common = draw(dims)
    left = [draw(dims) for _ in range(draw(st.integers(0, 1)))]
    right = [draw(dims) for _ in range(draw(st.integers(0, 1)))]
    inputs = [keras.Input(shape=[*left, common]), keras.Input(shape=[common, *right])]
    return keras.layers.Dot(axes=(len(left) + 1, 1), normalize=draw(flag)), inputs


def dense(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    rank = draw(st.integers(1, 3))
    layer = keras.layers.Dense(**options(draw, units=small, use_bias=flag, dtype=policies))
    if draw(flag):
        layer = keras.layers.Dense(draw(small), use_bias=draw(flag), lora_rank=draw(st.integers(1, 3)))
    return layer, keras.Input(shape=[*[draw(maybe_dims) for _ in range(rank - 1)], draw(dims)])


def einsum_dense(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    a, b, c, d = (draw(dims) for _ in range(4))
    equation, shape, output, bias = draw(
        st.sampled_from(
            [
                ("ab,bc->ac", (b,), (c,), "c"),
                ("abc,cd->abd", (a, b), (None, d), "d"),
                ("abc,cd->abd", (None, b), (None, d), None),
                ("abc,cde->abde", (a, b), (a, c, d), "de"),
                ("abcd,cde->abe", (a, b, c), (a, d), "e"),
                ("...x,xy->...y", (a, b), (d,), "y"),
                ("xy...,yz->xz...", (a, b, c), (d,), None),
                ("abc,ad->acd", (a, b), (b, d), None),
            ]
        )
    )
    return keras.layers.EinsumDense(equation, output, bias_axes=bias, dtype=draw(policies)), keras.Input(shape=shape)


def embedding(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    chosen = options(draw, input_dim=dims, output_dim=small, mask_zero=flag, dtype=policies)
    if draw(flag):
        chosen["lora_rank"] = 2
    return keras.layers.Embedding(**chosen), tensor(keras, draw, draw(st.integers(1, 2)), dtype="int32")


def attention(name: str, **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        width = draw(dims)
        query, value = keras.Input((draw(maybe_dims), width)), keras.Input((draw(dims), width))
        return getattr(keras.layers, name)(**options(draw, **choices)), [query, value]

    return case


def multi_head_attention(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    chosen = options(
        draw,
        num_heads=small,
        key_dim=small,
        value_dim=st.one_of(st.none(), small),
        use_bias=flag,
        use_gate=flag,
        output_shape=st.one_of(st.none(), small),
        dtype=st.sampled_from([None, "mixed_float16"]),
    )
    steps = draw(maybe_dims)
    inputs = {
        "query": keras.Input((draw(maybe_dims), draw(dims))),
        "value": keras.Input((steps, draw(dims))),
        "key": keras.Input((steps, draw(dims))),
    }
    if draw(flag):
        del inputs["key"]
    return keras.layers.MultiHeadAttention(**chosen), inputs


def grouped_query_attention(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    few = draw(st.integers(1, 3))
    layer = keras.layers.GroupQueryAttention(
        head_dim=draw(small), num_query_heads=few * draw(st.integers(1, 3)), num_key_value_heads=few,
        use_bias=draw(flag),
    )  # fmt: skip
    return layer, {"query": keras.Input((draw(dims), draw(dims))), "value": keras.Input((draw(dims), draw(dims)))}


def _recurrent(name: str, draw: Draw, keras: Any, **more: Any) -> Any:
    chosen = options(
        draw, units=small, return_sequences=flag, return_state=flag, use_bias=flag, go_backwards=flag, dtype=policies
    )
    if name == "GRU":
        chosen["reset_after"] = draw(flag)
    return getattr(keras.layers, name)(**{**chosen, **more})


def recurrent(name: str) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        return _recurrent(name, draw, keras), keras.Input((draw(maybe_dims), draw(dims)))

    return case


def convolutional_recurrent(rank: int) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        form = draw(st.sampled_from([None, "channels_last"]))
        layer = getattr(keras.layers, f"ConvLSTM{rank}D")(
            **options(
                draw, filters=small, kernel_size=per_axis(rank, st.integers(1, 2)), padding=paddings,
                return_sequences=flag, return_state=flag, use_bias=flag,
            ),
            data_format=form,
        )  # fmt: skip
        return layer, keras.Input([draw(dims), *[draw(dims) for _ in range(rank)], draw(small)])

    return case


def _cell(draw: Draw, keras: Any) -> Any:
    kind = draw(st.sampled_from(["SimpleRNNCell", "GRUCell", "LSTMCell"]))
    return getattr(keras.layers, kind)(draw(small), use_bias=draw(flag))


def cells(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    chosen = [_cell(draw, keras) for _ in range(draw(st.integers(1, 3)))]
    cell = chosen[0] if len(chosen) == 1 else chosen
    layer = keras.layers.RNN(cell, return_sequences=draw(flag), return_state=draw(flag))
    return layer, keras.Input((draw(maybe_dims), draw(dims)))


def bidirectional(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    name = draw(st.sampled_from(["SimpleRNN", "GRU", "LSTM"]))
    inner = _recurrent(name, draw, keras, go_backwards=False, dtype=None)
    mode = draw(st.sampled_from(["concat", "sum", "mul", "ave", None]))
    return keras.layers.Bidirectional(inner, merge_mode=mode), keras.Input((draw(dims), draw(dims)))


def time_distributed(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    inner = draw(st.sampled_from(["Dense", "Conv2D", "Sequential", "Functional", "TimeDistributed"]))
    steps = draw(maybe_dims)
    if inner == "Conv2D":
        layer = keras.layers.Conv2D(draw(small), 2)
        return keras.layers.TimeDistributed(layer), keras.Input((steps, draw(dims), draw(dims), 2))
    width = draw(dims)
    if inner == "Dense":
        return keras.layers.TimeDistributed(keras.layers.Dense(draw(small))), keras.Input((steps, width))
    if inner == "TimeDistributed":
        layer = keras.layers.TimeDistributed(keras.layers.Dense(draw(small)))
        return keras.layers.TimeDistributed(layer), keras.Input((steps, draw(dims), width))
    dense_layers = [keras.layers.Dense(draw(small)), keras.layers.ReLU()]
    if inner == "Sequential":
        model = keras.Sequential([keras.Input((width,)), *dense_layers])
    else:
        source = keras.Input((width,))
        model = keras.Model(source, keras.layers.add([dense_layers[0](source), keras.layers.Dense(1)(source)]))
    return keras.layers.TimeDistributed(model), keras.Input((steps, width))


def spectral_normalization(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    inner = draw(st.sampled_from([keras.layers.Dense, keras.layers.Conv1D]))
    layer = inner(draw(small)) if inner is keras.layers.Dense else inner(draw(small), 2)
    return keras.layers.SpectralNormalization(layer), keras.Input((draw(dims), draw(dims)))


def normalization(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    rank = draw(st.integers(1, 3))
    axis = draw(st.sampled_from([None, -1, rank, (1, rank) if rank > 1 else 1]))
    chosen = {"mean": 1.0, "variance": 2.0} if draw(flag) and axis is None else {}
    return keras.layers.Normalization(axis=axis, **chosen), tensor(keras, draw, rank, known=True)


def normalized(name: str, **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        rank = draw(st.integers(1, 3))
        axis = draw(st.integers(1, rank))
        chosen = {**options(draw, dtype=policies, **choices), "axis": draw(st.sampled_from([axis, axis - rank - 1]))}
        source = tensor(keras, draw, rank, known=True)
        if name == "GroupNormalization":
            chosen["groups"] = draw(st.sampled_from([1, -1]))
        if name == "LayerNormalization" and rank > 1 and draw(flag):
            chosen["axis"] = (1, 2)
        return getattr(keras.layers, name)(**chosen), source

    return case


def prelu(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    rank = draw(st.integers(1, 3))
    shared = draw(st.sampled_from([None, [1], [rank]]))
    return keras.layers.PReLU(shared_axes=shared), tensor(keras, draw, rank, known=True)


def reshape(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    a, b, c = draw(dims), draw(dims), draw(dims)
    target = draw(st.sampled_from([(a * b, c), (c, b, a), (-1,), (a, -1), (a, b, c, 1), (-1, c)]))
    return keras.layers.Reshape(target), keras.Input((a, b, c))


def permute(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    rank = draw(st.integers(1, 4))
    return keras.layers.Permute(tuple(draw(st.permutations(range(1, rank + 1))))), tensor(keras, draw, rank)


def category_encoding(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    mode = draw(st.sampled_from(["one_hot", "multi_hot", "count"]))
    source = keras.Input((draw(st.sampled_from([1, 3, 5])),), dtype="int32")
    return keras.layers.CategoryEncoding(num_tokens=draw(dims), output_mode=mode), source


def hashing(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    source = keras.Input((draw(st.sampled_from([1, 3])),), dtype="int32")
    return keras.layers.Hashing(num_bins=draw(dims), output_mode=draw(modes)), source


def hashed_crossing(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    mode = draw(st.sampled_from(["int", "one_hot"]))
    inputs = [keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")]
    return keras.layers.HashedCrossing(num_bins=draw(dims), output_mode=mode), inputs


def discretization(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    layer = keras.layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0], output_mode=draw(modes))
    return layer, tensor(keras, draw, draw(st.integers(1, 2)))


def lookup(name: str) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        words: list[Any] = ["a", "b", "c"] if name == "StringLookup" else [10, 20, 30]
        chosen = options(draw, output_mode=modes, num_oov_indices=st.integers(1, 2))
        if chosen["output_mode"] != "int" and draw(flag):
            chosen |= {"max_tokens": 9, "pad_to_max_tokens": True}
        elif draw(flag):
            chosen["mask_token"] = "" if name == "StringLookup" else 0
        dtype = "string" if name == "StringLookup" else "int64"
        source = keras.Input((draw(st.sampled_from([1, 3])),), dtype=dtype)
        return getattr(keras.layers, name)(vocabulary=words, **chosen), source

    return case


def text_vectorization(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    mode = draw(st.sampled_from(["int", "multi_hot", "count"]))
    chosen: dict[str, Any] = {"output_mode": mode, "vocabulary": ["a", "b", "c"]}
    if mode == "int":
        chosen["output_sequence_length"] = draw(st.one_of(st.none(), dims))
    elif draw(flag):
        chosen |= {"max_tokens": 9, "pad_to_max_tokens": True}
    return keras.layers.TextVectorization(**chosen), keras.Input((1,), dtype="string")


def mel_spectrogram(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    chosen = options(draw, num_mel_bins=dims, sequence_stride=st.integers(4, 9))
    return keras.layers.MelSpectrogram(fft_length=16, **chosen), keras.Input((draw(st.integers(20, 60)),))


def stft_spectrogram(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    chosen = options(
        draw,
        mode=st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"]),
        frame_length=st.integers(4, 12),
        frame_step=st.one_of(st.none(), st.integers(1, 5)),
        padding=paddings,
        expand_dims=flag,
    )
    chosen["fft_length"] = draw(st.one_of(st.none(), st.just(16)))
    return keras.layers.STFTSpectrogram(**chosen), keras.Input((draw(st.integers(12, 40)), draw(st.integers(1, 2))))


def resized(name: str) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        layer = getattr(keras.layers, name)(height=draw(st.integers(1, 3)), width=draw(st.integers(1, 3)))
        return layer, keras.Input((draw(dims), draw(dims), draw(small)))

    return case


def plain(name: str, rank: tuple[int, int] = (1, 3), dtypes: tuple[str, ...] = ("float32",), **choices: Any) -> Case:
    def case(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
        layer = getattr(keras.layers, name)(**options(draw, **choices))
        return layer, tensor(keras, draw, draw(st.integers(*rank)), dtype=draw(st.sampled_from(dtypes)))

    return case


def input_layer(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    """An input layer is part of every case; here it is the whole model but for a pass-through."""
    return keras.layers.Identity(), tensor(
        keras, draw, draw(st.integers(0, 4)), dtype=draw(st.sampled_from(["int32", "bool"]))
    )


def reversible_embedding(draw: Draw, keras: Any) -> tuple[Any, Inputs]:
    layer = keras.layers.ReversibleEmbedding(input_dim=draw(dims), output_dim=draw(small), tie_weights=draw(flag))
    return layer, tensor(keras, draw, 1, dtype="int32")


RATE = st.sampled_from([0.1, 0.5])
ANY = ("float32", "int32", "bool")

CASES: dict[str, Case] = {
    "Activation": identity("Activation", activation=st.sampled_from(["relu", "softmax", "gelu"])),
    "ActivityRegularization": identity("ActivityRegularization"),
    "Add": merging("Add"),
    "AdditiveAttention": attention("AdditiveAttention", use_scale=flag),
    "AlphaDropout": identity("AlphaDropout", rate=RATE),
    "Attention": attention("Attention", use_scale=flag, score_mode=st.sampled_from(["dot", "concat"])),
    "AugMix": pictures("AugMix"),
    "AutoContrast": pictures("AutoContrast"),
    "Average": merging("Average"),
    "BatchNormalization": normalized("BatchNormalization", scale=flag, center=flag),
    "Bidirectional": bidirectional,
    "CategoryEncoding": category_encoding,
    "CenterCrop": resized("CenterCrop"),
    "Concatenate": concatenate,
    "ContrastLimitedAdaptiveHistogramEqualization": pictures("ContrastLimitedAdaptiveHistogramEqualization"),
    "CutMix": pictures("CutMix"),
    "Dense": dense,
    "Discretization": discretization,
    "Dot": dot,
    "Dropout": plain("Dropout", dtypes=("float32", "int32"), rate=RATE),
    "ELU": identity("ELU"),
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    "Flatten": plain("Flatten", (0, 4), ANY, data_format=formats),
    "GRU": recurrent("GRU"),
    "GaussianDropout": identity("GaussianDropout", rate=RATE),
    "GaussianNoise": identity("GaussianNoise", stddev=RATE),
    "GroupNormalization": normalized("GroupNormalization", scale=flag, center=flag),
    "GroupedQueryAttention": grouped_query_attention,
    "HashedCrossing": hashed_crossing,
    "Hashing": hashing,
    "Identity": plain("Identity", dtypes=ANY),
    "InputLayer": input_layer,
    "IntegerLookup": lookup("IntegerLookup"),
    "LSTM": recurrent("LSTM"),
    "LayerNormalization": normalized("LayerNormalization", scale=flag, center=flag),
    "LeakyReLU": identity("LeakyReLU"),
    "Masking": identity("Masking", rank=(2, 3)),
    "Maximum": merging("Maximum"),
    "MelSpectrogram": mel_spectrogram,
    "Minimum": merging("Minimum"),
    "MixUp": pictures("MixUp"),
    "MultiHeadAttention": multi_head_attention,
    "Multiply": merging("Multiply"),
    "Normalization": normalization,
    "PReLU": prelu,
    "Permute": permute,
    "RMSNormalization": normalized("RMSNormalization"),
    "RNN": cells,
    "RandAugment": pictures("RandAugment"),
    "RandomBrightness": pictures("RandomBrightness", factor=RATE),
    "RandomColorDegeneration": pictures("RandomColorDegeneration", factor=RATE),
    "RandomColorJitter": pictures("RandomColorJitter"),
    "RandomContrast": pictures("RandomContrast", factor=RATE),
    "RandomCrop": resized("RandomCrop"),
    "RandomElasticTransform": pictures("RandomElasticTransform"),
    "RandomErasing": pictures("RandomErasing"),
    "RandomFlip": pictures("RandomFlip"),
    "RandomGaussianBlur": pictures("RandomGaussianBlur"),
    "RandomGrayscale": pictures("RandomGrayscale"),
    "RandomHue": pictures("RandomHue", factor=RATE),
    "RandomInvert": pictures("RandomInvert"),
    "RandomPerspective": pictures("RandomPerspective"),
    "RandomPosterization": pictures("RandomPosterization", factor=st.integers(1, 4)),
    "RandomRotation": pictures("RandomRotation", factor=RATE),
    "RandomSaturation": pictures("RandomSaturation", factor=RATE),
    "RandomSharpness": pictures("RandomSharpness", factor=RATE),
    "RandomShear": pictures("RandomShear", x_factor=RATE),
    "RandomTranslation": pictures("RandomTranslation", height_factor=RATE, width_factor=RATE),
    "RandomZoom": pictures("RandomZoom", height_factor=RATE),
    "ReLU": identity("ReLU"),
    "RepeatVector": plain("RepeatVector", (1, 1), n=small),
    "Rescaling": identity("Rescaling", scale=RATE),
    "Reshape": reshape,
    "Resizing": resized("Resizing"),
    "ReversibleEmbedding": reversible_embedding,
    "STFTSpectrogram": stft_spectrogram,
    "SimpleRNN": recurrent("SimpleRNN"),
    "Softmax": identity("Softmax"),
    "Solarization": pictures("Solarization"),
    "SpectralNormalization": spectral_normalization,
    "SpatialDropout1D": plain("SpatialDropout1D", (2, 2), rate=RATE),
    "SpatialDropout2D": plain("SpatialDropout2D", (3, 3), rate=RATE),
    "SpatialDropout3D": plain("SpatialDropout3D", (4, 4), rate=RATE),
    "StringLookup": lookup("StringLookup"),
    "Subtract": merging("Subtract"),
    "TextVectorization": text_vectorization,
    "TimeDistributed": time_distributed,
    "UnitNormalization": identity("UnitNormalization"),
}

for _rank in (1, 2, 3):
    _cut = margins(_rank)
    CASES[f"Conv{_rank}D"] = convolution(f"Conv{_rank}D", _rank, grouped=True)
    CASES[f"Conv{_rank}DTranspose"] = convolution(f"Conv{_rank}DTranspose", _rank, transposed=True)
    CASES[f"ConvLSTM{_rank}D"] = convolutional_recurrent(_rank)
    CASES[f"AveragePooling{_rank}D"] = pooling(f"AveragePooling{_rank}D", _rank)
    CASES[f"MaxPooling{_rank}D"] = pooling(f"MaxPooling{_rank}D", _rank)
    for _kind in ("GlobalAveragePooling", "GlobalMaxPooling"):
        CASES[f"{_kind}{_rank}D"] = spatial(f"{_kind}{_rank}D", _rank, keepdims=flag)
    for _kind in ("AdaptiveAveragePooling", "AdaptiveMaxPooling"):
        CASES[f"{_kind}{_rank}D"] = spatial(f"{_kind}{_rank}D", _rank, known=True, output_size=per_axis(_rank, small))
    CASES[f"ZeroPadding{_rank}D"] = spatial(f"ZeroPadding{_rank}D", _rank, padding=_cut)
    CASES[f"Cropping{_rank}D"] = spatial(f"Cropping{_rank}D", _rank, cropping=_cut)
    CASES[f"UpSampling{_rank}D"] = spatial(
        f"UpSampling{_rank}D", _rank, size=small if _rank == 1 else per_axis(_rank, st.integers(1, 3))
    )
for _rank in (1, 2):
    CASES[f"DepthwiseConv{_rank}D"] = convolution(f"DepthwiseConv{_rank}D", _rank, filters=False)
    CASES[f"SeparableConv{_rank}D"] = convolution(f"SeparableConv{_rank}D", _rank)

WITHOUT_RULE = {
    "Equalization": "Keras cannot put it into a Functional model: its computation refuses symbolic tensors",
    "FlaxLayer": "its inside is a Flax module",
    "JaxLayer": "its inside is a function",
    "TorchModuleWrapper": "its inside is a PyTorch module",
    "TFSMLayer": "its inside is a SavedModel",
    "Lambda": "its shape follows from code; see test_lambda_is_not_executed",
    "Layer": "the base of all layers",
    "InputSpec": "no layer",
    "Wrapper": "the base of wrappers",
    "Pipeline": "its layers are those of the other cases",
    "GRUCell": "part of RNN",
    "LSTMCell": "part of RNN",
    "SimpleRNNCell": "part of RNN",
    "StackedRNNCells": "part of RNN",
    "MaxNumBoundingBoxes": "it works on dictionaries of boxes, which no Functional model holds",
}
