"""MACs against programs that are not ours: loops that count what they multiply, and one model in three formats."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.analysis.cost import Cost, cost
from cutaway.analysis.sizes import Setting
from cutaway.readers import read

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")

Loops = Callable[[Any, Any], tuple[Any, int]]


def convolved(x: Any, layer: Any) -> tuple[Any, int]:
    """A 2-D convolution in loops, group by group; and the multiply-accumulates that the loops made."""
    kernel, groups = np.asarray(layer.kernel), layer.groups
    (high, wide), (down, right), (tall, broad) = layer.kernel_size, layer.strides, layer.dilation_rate
    sizes = []
    for axis, k, step, apart in ((1, high, down, tall), (2, wide, right, broad)):
        if layer.padding == "same":
            made = -(-x.shape[axis] // step)
            pad = max(0, (made - 1) * step + (k - 1) * apart + 1 - x.shape[axis])
            around = [(0, 0)] * 4
            around[axis] = (pad // 2, pad - pad // 2)
            x = np.pad(x, around)
        sizes.append((x.shape[axis] - (k - 1) * apart - 1) // step + 1)
    out = np.zeros((x.shape[0], *sizes, layer.filters))
    macs, width, depth = 0, layer.filters // groups, kernel.shape[2]
    for b, i, j, a, c, f in itertools.product(*map(range, (x.shape[0], *sizes, high, wide, layer.filters))):
        group = f // width
        for d in range(depth):
            taken = x[b, i * down + a * tall, j * right + c * broad, group * depth + d]
            out[b, i, j, f] += taken * kernel[a, c, d, f]
            macs += 1
    return out, macs


def deep(x: Any, layer: Any) -> tuple[Any, int]:
    """A depthwise convolution without padding."""
    kernel, (down, right) = np.asarray(layer.kernel), layer.strides
    high, wide, channels, times = kernel.shape
    sizes = ((x.shape[1] - high) // down + 1, (x.shape[2] - wide) // right + 1)
    out, macs = np.zeros((x.shape[0], *sizes, channels * times)), 0
    ranges = map(range, (x.shape[0], *sizes, high, wide, channels, times))
    for b, i, j, a, c, d, m in itertools.product(*ranges):
        out[b, i, j, d * times + m] += x[b, i * down + a, j * right + c, d] * kernel[a, c, d, m]
        macs += 1
    return out, macs


def spread(x: Any, layer: Any) -> tuple[Any, int]:
    """A transposed convolution without padding: every element read is spread over its window."""
    kernel, (down, right) = np.asarray(layer.kernel), layer.strides
    high, wide, filters, channels = kernel.shape
    out = np.zeros((x.shape[0], *layer.compute_output_shape(x.shape)[1:]))
    macs = 0
    ranges = map(range, (*x.shape[:3], high, wide, filters, channels))
    for b, i, j, a, c, f, d in itertools.product(*ranges):
        out[b, i * down + a, j * right + c, f] += x[b, i, j, d] * kernel[a, c, f, d]
        macs += 1
    return out, macs


def product(x: Any, layer: Any) -> tuple[Any, int]:
    """Dense on any rank."""
    kernel, out, macs = np.asarray(layer.kernel), np.zeros((*x.shape[:-1], layer.units)), 0
    for place in itertools.product(*map(range, x.shape[:-1])):
        for unit, depth in itertools.product(range(layer.units), range(x.shape[-1])):
            out[(*place, unit)] += x[(*place, depth)] * kernel[depth, unit]
            macs += 1
    return out, macs


def recurrent(x: Any, layer: Any) -> tuple[Any, int]:
    """SimpleRNN with a linear activation."""
    kernel, inner = np.asarray(layer.cell.kernel), np.asarray(layer.cell.recurrent_kernel)
    state, macs = np.zeros((x.shape[0], layer.units)), 0
    for step in range(x.shape[1]):
        new = np.zeros_like(state)
        for b, unit in itertools.product(range(x.shape[0]), range(layer.units)):
            for depth in range(x.shape[2]):
                new[b, unit] += x[b, step, depth] * kernel[depth, unit]
                macs += 1
            for depth in range(layer.units):
                new[b, unit] += state[b, depth] * inner[depth, unit]
                macs += 1
        state = new
    return state, macs


def random_layers() -> list[tuple[str, Loops, tuple[int, ...], dict[str, Any]]]:
    """Layers with random settings, the same at every run."""
    chance = np.random.default_rng(7)
    found: list[tuple[str, Loops, tuple[int, ...], dict[str, Any]]] = []

    def pick(*choices: Any) -> Any:
        return choices[int(chance.integers(len(choices)))]

    for _ in range(8):
        groups, strides = pick(1, 2), pick((1, 1), (2, 1), (2, 2))
        dilation = pick((1, 1), (2, 1)) if strides == (1, 1) else (1, 1)
        settings = {"filters": 2 * pick(1, 2), "kernel_size": (pick(1, 2, 3), pick(1, 3)), "strides": strides,
                    "padding": pick("same", "valid"), "dilation_rate": dilation, "groups": groups}  # fmt: skip
        found.append(("Conv2D", convolved, (pick(6, 7), pick(5, 6), 2 * pick(1, 2)), settings))
    for _ in range(3):
        windows = {"kernel_size": (pick(1, 2), 3), "strides": pick((1, 1), (2, 2))}
        found.append(("DepthwiseConv2D", deep, (6, 5, pick(1, 3)), {**windows, "depth_multiplier": pick(1, 2)}))
        found.append(("Conv2DTranspose", spread, (4, 3, pick(1, 3)), {**windows, "filters": pick(1, 3)}))
        found.append(("Dense", product, pick((5,), (3, 4), (2, 3, 4)), {"units": pick(1, 6)}))
        found.append(("SimpleRNN", recurrent, (pick(1, 5), 3), {"units": pick(1, 4), "activation": "linear"}))
    return found


@pytest.mark.parametrize(("name", "loops", "shape", "settings"), random_layers())
def test_layers_against_loops_that_count(
    name: str, loops: Loops, shape: tuple[int, ...], settings: dict[str, Any], tmp_path: Path
) -> None:
    layer = getattr(keras.layers, name)(use_bias=False, **settings)
    source = keras.Input(shape)
    model = keras.Model(source, layer(source))
    x = np.random.default_rng(1).normal(size=(1, *shape)).astype("float32")
    made, macs = loops(x, layer)
    np.testing.assert_allclose(made, np.asarray(model(x)), atol=1e-4)  # the loops compute what the layer does
    (tmp_path / "model.json").write_text(model.to_json(), encoding="utf-8")
    assert cost(read(tmp_path / "model.json")).total_macs == macs


def images() -> Any:
    layers = keras.layers
    source = keras.Input((16, 16, 4))
    x = layers.Conv2D(8, 3, groups=2, padding="same", activation="relu")(source)
    x = layers.SeparableConv2D(6, 3, strides=2)(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(layers.BatchNormalization()(x))
    x = layers.Conv2D(4, 3, dilation_rate=2)(layers.MaxPooling2D()(x))
    return keras.Model(source, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def steps() -> Any:
    layers = keras.layers
    source = keras.Input((10, 16))
    x = layers.Conv1D(6, 3, padding="same")(source)
    return keras.Model(source, layers.Dense(7)(layers.Bidirectional(layers.GRU(8, return_sequences=True))(x)))


def attending() -> Any:
    layers = keras.layers
    source = keras.Input((10, 16))
    x = layers.LayerNormalization()(layers.MultiHeadAttention(2, 8)(source, source) + source)
    x = layers.GroupQueryAttention(8, 4, 2)(x, x)
    return keras.Model(source, layers.EinsumDense("abc,cd->abd", (None, 4))(layers.Dense(32, activation="gelu")(x)))


@pytest.mark.parametrize("build", [images, steps, attending])
def test_one_model_costs_the_same_in_every_format(build: Callable[[], Any], tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    keras.utils.clear_session()
    model = build()
    model.save(tmp_path / "model.keras")
    model.export(str(tmp_path / "saved"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (tmp_path / "model.tflite").write_bytes(converter.convert())
    sources = {"keras": tmp_path / "model.keras", "saved": tmp_path / "saved", "lite": tmp_path / "model.tflite"}
    found: dict[str, Cost] = {name: cost(read(path)) for name, path in sources.items()}
    assert found["keras"].uncounted == ()
    assert {name: each.total_macs for name, each in found.items()} == dict.fromkeys(found, found["keras"].total_macs)
    assert cost(read(model)).macs == found["keras"].macs


def test_bert_base_and_one_attention() -> None:
    """An encoder of 12 blocks of 768 numbers and 12 heads at 128 tokens, as a config alone."""
    layers = keras.layers
    source = keras.Input((128, 256))
    one = keras.Model(source, layers.MultiHeadAttention(4, 64)(source, source))
    assert cost(read(one)).total_macs == 41_943_040
    with keras.device("cpu"):
        source = keras.Input((128, 768))
        x = layers.MultiHeadAttention(12, 64)(source, source)
        block = keras.Model(source, layers.Dense(768)(layers.Dense(3072, activation="gelu")(x)))
    assert round(12 * cost(read(block)).total_macs / 1e9, 3) == 11.174


def test_a_kernel_of_low_rank_is_made_at_every_call(tmp_path: Path) -> None:
    """Of layers with ``enable_lora``: what the operations that TensorFlow runs cost, once and not for each example."""
    keras.utils.clear_session()
    layers = keras.layers
    source = keras.Input((9,), dtype="int32")
    x = layers.Embedding(50, 16)(source)
    x = layers.Conv1D(8, 3, groups=2)(x)
    x = layers.EinsumDense("abc,cde->abde", (None, 2, 4))(layers.Dense(6)(x))
    model = keras.Model(source, x)
    plain = cost(read(model))
    for layer in model.layers[1:]:
        layer.enable_lora(3)
    adapted = cost(read(model))
    assert [new - old for new, old in zip(adapted.macs, plain.macs, strict=True)] == [
        0, 50 * 3 * 16, 3 * 8 * 3 * 8, 8 * 3 * 6, 6 * 2 * 3 * 4
    ]  # fmt: skip
    assert adapted.uncounted == ()
    model.save(tmp_path / "model.keras")
    model.export(str(tmp_path / "saved"), verbose=False)
    assert cost(read(tmp_path / "model.keras")).macs == adapted.macs
    assert cost(read(tmp_path / "saved", raw=True)).total_macs == adapted.total_macs
    assert cost(read(model), Setting(batch=4)).macs[1] == adapted.macs[1]
