"""Values by range, against what TensorFlow, NumPy, h5py and ml_dtypes read."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Weight
from cutaway.readers import read
from cutaway.readers.arrays import selections
from cutaway.readers.source import Source
from cutaway.readers.values import read_values
from cutaway.readers.wire.elements import decode
from cutaway.readers.wire.saved_slices import entries_of
from cutaway.readers.wire.tensor_bundle import Bundle, Entry

tf: Any = pytest.importorskip("tensorflow")
ml_dtypes: Any = pytest.importorskip("ml_dtypes")


def weight(key: str, entry: Entry) -> Weight:
    return Weight(key, key, entry.shape, entry.dtype, True, entry.location)


def check(source: Source, entries: dict[str, Entry], prefix: str) -> int:
    """Compare every value with what TensorFlow restores, as a whole and by a range; the number of tensors."""
    compared = 0
    for key, entry in entries.items():
        if entry.location is None or entry.dtype in ("string", "resource"):
            continue
        wanted = tf.raw_ops.RestoreV2(
            prefix=prefix, tensor_names=[key], shape_and_slices=[""], dtypes=[tf.dtypes.as_dtype(entry.dtype)]
        )[0].numpy().ravel()  # fmt: skip
        found = read_values(source, weight(key, entry))
        assert found.dtype == (np.float32 if entry.dtype == "bfloat16" else wanted.dtype), key
        assert found.tobytes() == wanted.astype(found.dtype).tobytes(), key
        start, stop = sorted(random.Random(key).choices(range(wanted.size + 1), k=2))
        part = read_values(source, weight(key, entry), start, stop)
        assert part.tobytes() == wanted[start:stop].astype(found.dtype).tobytes(), key
        compared += 1
    return compared


def test_every_variable_of_the_corpus(corpus: Path) -> None:
    compared = 0
    for path in sorted(corpus.rglob("*.index")):
        source = Source(path)
        compared += check(source, dict(Bundle.open(source, path.stem).entries), str(path.with_suffix("")))
    assert compared > 600


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of TensorFlow 1, new and old, of every type and with partitioned variables."""
    folder = tmp_path_factory.mktemp("values")
    v1 = tf.compat.v1
    rng = np.random.default_rng(1)
    arrays = {
        dtype: rng.integers(0, 100, (5, 3)).astype(dtype)
        for dtype in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool")
    }
    arrays["complex64"] = (rng.normal(size=(2, 2)) + 1j).astype("complex64")
    arrays["negative"] = np.array([-1, -128, 127], "int8")
    arrays["alike"] = np.full((4, 4), 7.5, "float32")
    with tf.Graph().as_default():
        for name, array in arrays.items():
            v1.get_variable(name, initializer=array, use_resource=True)
        for axis in (0, 1, 2):
            split = v1.fixed_size_partitioner(3, axis=axis)
            v1.get_variable(f"part{axis}", shape=(7, 5, 4), partitioner=split, use_resource=False)
        v1.get_variable("long", shape=(70_000, 2), partitioner=v1.fixed_size_partitioner(4), use_resource=False)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            v1.train.Saver(write_version=v1.train.SaverDef.V2).save(session, str(folder / "new"))
            v1.train.Saver(write_version=v1.train.SaverDef.V1).save(session, str(folder / "old"))
    return folder


def test_partitioned_variables_and_all_types(checkpoints: Path) -> None:
    bundle = Bundle.open(Source(checkpoints), "new")
    assert sum(";" in (entry.location or "") for entry in bundle.entries.values()) == 4
    assert check(Source(checkpoints), dict(bundle.entries), str(checkpoints / "new")) == 17


def test_checkpoints_older_than_tensorflow_1(checkpoints: Path) -> None:
    source = Source(checkpoints / "old")
    assert check(source, entries_of(source), str(checkpoints / "old")) == 17


def test_ranges_outside_and_texts_are_refused(checkpoints: Path, tmp_path: Path) -> None:
    entry = Bundle.open(Source(checkpoints), "new").entries["float32"]
    for start, stop in ((-1, 2), (3, 2), (0, 16)):
        with pytest.raises(OptionError, match="0 to 15"):
            read_values(Source(checkpoints), weight("float32", entry), start, stop)
    assert read_values(checkpoints / "new.index", weight("float32", entry), 4, 4).size == 0
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "t"), tensor_names=["t"], shape_and_slices=[""], tensors=[tf.constant(["a", "b"])]
    )
    texts = Bundle.open(Source(tmp_path), "t").entries["t"]
    with pytest.raises(ReadError, match="'string' are no numbers"):
        read_values(Source(tmp_path), weight("t", texts))
    with pytest.raises(ReadError, match="not known where"):
        read_values(Source(tmp_path), Weight("x", "x", (2,)))


@pytest.mark.parametrize(
    "location",
    ["../outside@0+8", "/etc/hostname@0+8", "link@0+8", "inside@4+8", "inside@0+7", "gone@0+8", "inside@0+8[0:3]",
     "inside@0+8[0:1]", "inside@0+8[0:1,0:1]", "inside@0+4[1:2]", "inside@0+8#tensor", "a b c", "inside@0+8;rest",
     "inside#slices:w", "inside@99999999999999999999+1", ""],
)  # fmt: skip
def test_wrong_places_give_a_read_error(tmp_path: Path, location: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret!!")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "inside").write_bytes(bytes(8))
    (folder / "link").symlink_to(tmp_path / "outside")
    for source in (Source(folder), Source(folder / "inside")):
        with pytest.raises(ReadError):
            read_values(source, Weight("w", "w", (2,), "float32", True, location))


def test_too_much_at_once_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(4 << 30)  # takes no place on the disk
    large = Weight("w", "w", (1 << 30,), "float32", True, f"@0+{4 << 30}")
    with pytest.raises(OptionError, match="at most"):
        read_values(Source(path), large)
    assert read_values(Source(path), large, (1 << 30) - 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz",
                                   "float8_e5m2fnuz"])  # fmt: skip
def test_every_code_of_the_small_floats(dtype: str) -> None:
    data = bytes(range(256))
    wanted = np.frombuffer(data, getattr(ml_dtypes, dtype)).astype(np.float32)
    assert np.array_equal(decode(data, dtype, 8, 0, 256), wanted, equal_nan=True)


def test_every_code_of_bfloat16_and_float4() -> None:
    data = np.arange(1 << 16, dtype=np.uint16).tobytes()
    wanted = np.frombuffer(data, ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(decode(data, "bfloat16", 16, 0, 1 << 16), wanted, equal_nan=True)
    codes = np.arange(16, dtype=np.uint8)
    four = codes.view(ml_dtypes.float4_e2m1fn).astype(np.float32)
    assert np.array_equal(decode(codes.tobytes(), "float4_e2m1fn", 8, 0, 16), four)


@pytest.mark.parametrize(("dtype", "bits"), [("int4", 4), ("uint4", 4), ("int2", 2), ("uint2", 2)])
def test_packed_integers_by_every_range(tmp_path: Path, dtype: str, bits: int) -> None:
    codes = np.random.default_rng(2).integers(0, 1 << bits, 19, dtype=np.uint8)
    wanted = codes.view(getattr(ml_dtypes, dtype)).astype(np.int8)
    packed = bytearray((len(codes) * bits + 7) // 8)
    for at, code in enumerate(codes):
        packed[at * bits // 8] |= int(code) << at * bits % 8
    (tmp_path / "w").write_bytes(b"head" + packed + codes.tobytes())
    source = Source(tmp_path / "w")
    for place in (f"@4+{len(packed)}", f"@{4 + len(packed)}+19"):
        held = Weight("w", "w", (19,), dtype, True, place)
        for start in range(20):
            for stop in range(start, 20):
                assert read_values(source, held, start, stop).tolist() == wanted[start:stop].tolist()


def test_encoded_tensors_in_every_form(tmp_path: Path) -> None:
    arrays: list[Any] = [
        np.arange(6, dtype=np.float32), np.full(40, 2.5, np.float32), np.array([1 + 2j, 3], np.complex64),
        np.array([-3, 4], np.int8), np.array([True, False]), np.array([1.5, -2], np.float16), np.arange(3),
        np.array([7], np.uint64), np.array([1.5, 3], ml_dtypes.bfloat16), np.zeros(9, np.float64),
    ]  # fmt: skip
    for array in arrays:
        made = tf.make_tensor_proto(array)
        listed = tf.compat.v1.make_tensor_proto(array.tolist(), dtype=tf.as_dtype(array.dtype), shape=array.shape)
        for data in (made.SerializeToString(), listed.SerializeToString()):
            (tmp_path / "t").write_bytes(b"xx" + data)
            name = tf.as_dtype(array.dtype).name
            held = Weight("t", "t", array.shape, name, True, f"@2+{len(data)}#tensor")
            assert read_values(Source(tmp_path / "t"), held).tolist() == array.tolist()
            assert read_values(Source(tmp_path / "t"), held, 1).tolist() == array.tolist()[1:]


@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 4), (4, 0, 2), (1, 5, 1, 3)])
@pytest.mark.parametrize("most", [1, 3, 5, 100])
def test_selections_give_every_range_in_order(shape: tuple[int, ...], most: int) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for start in range(array.size + 1):
        for stop in range(start, array.size + 1):
            found = []
            for where, skip, take in selections(shape, start, stop, most):
                box = np.asarray(array[where]).ravel()
                assert box.size <= max(most, 1 if not shape else shape[-1] if most < shape[-1] else most)
                found += box[skip : skip + take].tolist()
            assert found == list(range(start, stop))


def test_weights_in_hdf5_and_npz(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    keras = pytest.importorskip("keras")
    made = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(64), keras.layers.Dense(3)])
    made.save_weights(tmp_path / "m.weights.h5")
    graph = read(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        for held in graph.weights:
            wanted = file[held.location][()].ravel()
            assert read_values(tmp_path / "m.weights.h5", held).tobytes() == wanted.tobytes()
            assert read_values(tmp_path / "m.weights.h5", held, 1, 3).tobytes() == wanted[1:3].tobytes()
    assert sum(held.parameters for held in graph.weights) == made.count_params()
    arrays: dict[str, Any] = {"a": np.arange(12.0).reshape(3, 4), "b": np.asfortranarray(np.arange(12).reshape(3, 4)),
              "c": np.arange(5, dtype=">i4")}  # fmt: skip
    np.savez_compressed(tmp_path / "w.npz", **arrays)
    for held in read(tmp_path / "w.npz").weights:
        assert read_values(tmp_path / "w.npz", held, 2, 5).tolist() == arrays[held.name].ravel()[2:5].tolist()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_whole_models_in_hdf5_by_the_names_of_their_weights(tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    layers = tf_keras.layers
    inner = tf_keras.Sequential([layers.Input((6,)), layers.Dense(4, name="d")], name="inner")
    model = tf_keras.Sequential(
        [
            layers.Input((8, 3)),
            layers.SeparableConv1D(5, 3, name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.Bidirectional(layers.LSTM(3, name="l"), name="both"),
            inner,
        ]
    )
    model.set_weights([np.random.default_rng(at).normal(size=w.shape) for at, w in enumerate(model.get_weights())])
    model.save(tmp_path / "m.h5")
    weights = read(tmp_path / "m.h5").weights
    found = [read_values(tmp_path / "m.h5", held).tobytes() for held in weights]
    assert sorted(found) == sorted(array.tobytes() for array in model.get_weights())
    by_name = {held.id: data for held, data in zip(weights, found, strict=True)}
    layer = model.get_layer("bn")
    assert by_name["bn/moving_mean"] == layer.moving_mean.numpy().tobytes()
    assert by_name["bn/gamma"] == layer.gamma.numpy().tobytes()


def test_objects_in_an_npz_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([print, "b"], dtype=object))
    held = Weight("a", "a", (2,), "float32", True, "a.npy")
    with pytest.raises(ReadError, match="numbers"):
        read_values(tmp_path / "w.npz", held)


def test_links_of_hdf5_into_other_files_are_not_followed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["a"] = np.ones(2, np.float32)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["link"] = h5py.ExternalLink("secret.h5", "/a")
        (tmp_path / "raw").write_bytes(bytes(8))
        file.create_dataset("raw", (2,), "f4", external=[(str(tmp_path / "raw"), 0, 8)])
    for place in ("/link", "/raw"):
        with pytest.raises(ReadError, match="another file"):
            read_values(Source(tmp_path / "m.h5"), Weight("a", "a", (2,), "float32", True, place))


def test_values_in_a_packed_zip(tmp_path: Path, checkpoints: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("new.index", "new.data-00000-of-00001"):
            archive.write(checkpoints / name, f"deep/{name}")
    source = Source(tmp_path / "m.zip")
    bundle = Bundle.open(source, "deep/new")
    assert check(source, dict(bundle.entries), str(checkpoints / "new")) == 17
