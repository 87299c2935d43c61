"""What a caller may say about the input of a model that is not built, and what is answered without."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers as kl

from cutaway.errors import UnbuiltModel, UnknownFormat
from cutaway.graph import Tensor
from cutaway.readers import read
from tests import zoo


class TwoArguments(keras.Model):
    """Takes two tensors and a flag."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.mix = kl.Dense(2, name="mix")

    def call(self, image: Any, mask: Any, invert: bool = False) -> Any:
        return self.mix(image * (1 - mask if invert else mask))


def test_without_a_shape_the_error_says_how() -> None:
    with pytest.raises(UnbuiltModel) as caught:
        read(TwoArguments(name="two"))
    message = str(caught.value)
    for part in ("TwoArguments 'two'", "call(image", "mask", "input_shape=(None, 224, 224, 3)", "keras.KerasTensor("):
        assert part in message


def test_arguments_by_name() -> None:
    given = {"image": keras.KerasTensor((None, 8)), "mask": keras.KerasTensor((None, 8), dtype="float16")}
    graph = read(TwoArguments(), inputs=given)
    assert [(port.name, graph.tensor(port.node, 0)) for port in graph.inputs] == [
        ("image", Tensor((None, 8), "float32")), ("mask", Tensor((None, 8), "float16")),
    ]  # fmt: skip


def test_of_several_arguments_keras_keeps_the_first_alone() -> None:
    model = TwoArguments()
    model(zoo.floats(3, 8), mask=zoo.floats(3, 8))
    with pytest.raises(UnbuiltModel, match="missing a required argument: 'mask'"):
        read(model)
    with pytest.raises(UnbuiltModel, match="missing a required argument: 'mask'"):
        read(model, input_shape=(None, 8))


def test_nested_shapes_and_data() -> None:
    model, example = zoo.build_subclassed("siamese", built=False)
    by_shape = read(model, input_shape={"left": (None, 6), "right": (None, 6)})
    by_data = read(model, inputs=example)
    assert by_shape.ids == by_data.ids
    assert by_data.tensor(0, 0).shape == (None, 6)


def test_ids_are_guessed_where_an_embedding_reads() -> None:
    model, _ = zoo.build_subclassed("gpt", built=False)
    graph = read(model, input_shape=(None, 6))
    assert graph.tensor(graph.inputs[0].node, 0) == Tensor((None, 6), "int32")


def test_a_layer_alone_can_be_read() -> None:
    graph = read(zoo.Block(name="block"), input_shape=(None, 6, 16))
    assert graph.group(0).op == "Block"
    assert len(graph) == 13  # an input, five parts of attention, five layers, two additions
    assert graph.outputs[0].name


def test_a_sequential_without_shape_says_how() -> None:
    with pytest.raises(UnbuiltModel, match="input_shape="):
        read(keras.Sequential([kl.Dense(2)]))


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(UnknownFormat, match=r"received an object of class builtins\.dict"):
        read({})


@pytest.mark.parametrize("given", [{}, {"input_shape": (None, 3)}])
@pytest.mark.parametrize("layers", [[], [keras.Input((3,))]])
def test_a_model_without_layers_says_so(layers: list[Any], given: dict[str, Any]) -> None:
    with pytest.raises(UnbuiltModel, match=r"'empty' has no layers.*model\.add\("):
        read(keras.Sequential(layers, name="empty"), **given)
