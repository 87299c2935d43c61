"""What the gallery shows: one entry a picture, from tiny graphs that show one thing each to real architectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cutaway
from cutaway.graph import Graph, GraphBuilder, Tensor
from tests.analysis.pair_of_models import edited_resnet
from tests.graphs import DIAMOND, LOOP, SKIP, TWICE, picture

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Entry:
    """A picture of the gallery: its name, what it shows, what is drawn, and the options of `plot_model`."""

    name: str
    shows: str
    source: str | Graph | Callable[[], Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def draw(self) -> cutaway.Picture:
        """Draw it."""
        source = self.source() if callable(self.source) else self.source
        if isinstance(source, tuple):  # an old and a new model
            return cutaway.diff(*source).plot()
        if isinstance(source, str):
            source = MODELS / (source if "." in source else f"{source}.keras")
        options = {"show_layer_names": None, **self.options}
        return cutaway.plot_model(source, to_file=None, **options)


def hostile() -> Graph:
    """Names that break careless programs."""
    names = [
        '<b>&"quoted"',
        "line\nbreak\ttab",
        "x" * 10_000,
        "emoji 🚀 layer",
        "\u05e9\u05db\u05d1\u05d4 right to left",
        "\u202eevil",
        "nul\x00",
    ]
    builder = GraphBuilder("<script>alert(1)</script>", "test")
    last = None
    for name in names:
        node = builder.node(name, "Dense", outputs=[Tensor((None, 3), "float32")])
        if last is not None:
            builder.connect(last, node)
        last = node
    return builder.build()


def resnet_edited() -> tuple[Path, Graph]:
    """A ResNet50, and the same after some edits."""
    old = MODELS / "ResNet50.keras"
    with TemporaryDirectory() as folder:
        return old, cutaway.read(edited_resnet(old, Path(folder) / "new.keras"))


def both_of(old: str, new: str) -> tuple[Path, Path]:
    """Two models of the gallery, to be compared."""
    return MODELS / f"{old}.keras", MODELS / f"{new}.keras"


def vit() -> Any:
    """A subclassed vision transformer, alive."""
    import keras

    from tests.zoo import build_vit

    keras.utils.clear_session()  # names count from 1 whatever ran before
    return build_vit()


CHAIN = picture("\n".join(f"layer{i} -> layer{i + 1}" for i in range(120)), "chain")
FAN = picture("in -> " + " ".join(f"head{i}" for i in range(12)), "fan")
PORTS = picture("a -> join \n b -> join \n c -> join \n join -> x y z \n b -> z", "ports")
NESTED = picture(
    "in -> outer/a \n outer/a -> outer/inner/b \n outer/inner/b -> outer/inner/c \n"
    "outer/inner/c -> outer/d out \n outer/d -> out",
    "nested",
)
THREE_CALLS = picture(
    "in -> one/shared \n one/shared -> two/shared \n two/shared -> three/shared \n three/shared -> out", "calls"
)
CROSSING = picture("a -> x y z \n b -> x z \n c -> y x \n x -> end \n y -> end \n z -> end", "crossing")

NAMES = {"show_layer_names": True}

GALLERY: tuple[Entry, ...] = (
    Entry("diamond", "A branch and a merge.", DIAMOND, NAMES),
    Entry("skip", "A skip connection runs beside the straight main path.", SKIP, NAMES),
    Entry("twice", "Two edges between the same two layers stay two.", TWICE, NAMES),
    Entry("loop", "A cycle, as old control flow makes them: the edge that closes it runs outside.", LOOP, NAMES),
    Entry("ports", "Several inputs and outputs.", PORTS, NAMES),
    Entry("crossing", "As few crossings as can be.", CROSSING, NAMES),
    Entry("fan", "One tensor read by twelve.", FAN, NAMES),
    Entry("nested", "Groups in groups, and a wire that leaves two of them.", NESTED, NAMES),
    Entry("nested_scaled", "The same with insides scaled down.", NESTED, {**NAMES, "unfold": 0}),
    Entry("nested_depth1", "The same to a depth of one.", NESTED, {**NAMES, "depth": 1}),
    Entry("chain", "A chain of 120 layers wraps like text.", CHAIN, NAMES),
    Entry("chain_right", 'The same with `rankdir="LR"`.', CHAIN, {**NAMES, "rankdir": "LR"}),
    Entry("hostile", "Names with markup, line breaks, 10,000 characters, emoji, right-to-left text.", hostile, NAMES),
    Entry("calls", "Three calls of one layer are three boxes.", THREE_CALLS, {**NAMES, "fold_repeats": True}),
    Entry("upwards", '`rankdir="BT"`: from the bottom up.', SKIP, {**NAMES, "rankdir": "BT"}),
    Entry(
        "annotated",
        "`annotate` and `highlight`.",
        DIAMOND,
        {**NAMES, "annotate": {"left": "the short way"}, "highlight": ["left"]},
    ),
    Entry(
        "values",
        "`values` colour the boxes.",
        DIAMOND,
        {**NAMES, "values": {"in": 0, "left": 3, "right": 7, "add": 10}},
    ),
    Entry(
        "label",
        "`label`: text of your own.",
        DIAMOND,
        {"label": lambda node: f"{node.name}!\n{len(node.inputs)} inputs"},
    ),
    Entry("resnet50", "ResNet50: stages of residual blocks.", "ResNet50"),
    Entry("resnet50_dark", "The same in dark.", "ResNet50", {"theme": "dark"}),
    Entry("resnet50_print", "The same for a grey printer.", "ResNet50", {"theme": "print"}),
    Entry("resnet50_folded", "Repeats folded to ×N.", "ResNet50", {"fold_repeats": True}),
    Entry("resnet50_depth1", "Only its outline.", "ResNet50", {"depth": 1}),
    Entry(
        "resnet50_block",
        "Only what lies between two layers, with shapes and parameters.",
        "ResNet50",
        {"between": ("conv3_block1_1_conv", "conv3_block2_out"), "show_shapes": True, "fields": ["parameters"]},
    ),
    Entry(
        "resnet50_parameters",
        "A block at full size in the whole, with fields.",
        "ResNet50",
        {"unfold": ["conv2"], "fields": ["filters", "parameters"]},
    ),
    Entry("resnet152v2", "ResNet152V2.", "ResNet152V2"),
    Entry("inception_v3", "InceptionV3: modules found by structure, its layers have no names.", "InceptionV3"),
    Entry("inception_resnet_v2", "InceptionResNetV2.", "InceptionResNetV2"),
    Entry("efficientnet_b0", "EfficientNetB0.", "EfficientNetB0"),
    Entry("efficientnet_v2l", "EfficientNetV2L: 1,031 layers on one page.", "EfficientNetV2L"),
    Entry("efficientnet_v2l_folded", "The same with repeats folded.", "EfficientNetV2L", {"fold_repeats": True}),
    Entry("nasnet_large", "NASNetLarge: cells that read the two before them.", "NASNetLarge"),
    Entry("densenet201", "DenseNet201: 98 dense blocks.", "DenseNet201"),
    Entry("mobilenet", "MobileNet.", "MobileNet"),
    Entry("mobilenet_v2", "MobileNetV2.", "MobileNetV2"),
    Entry("mobilenet_v3", "MobileNetV3Large, with squeeze-and-excite inside the blocks.", "MobileNetV3Large"),
    Entry("convnext_tiny", "ConvNeXtTiny, with nested Sequential models.", "ConvNeXtTiny"),
    Entry("vgg16", "VGG16.", "VGG16"),
    Entry(
        "resnet50_compared",
        "Two models as one drawing: what was added, removed, renamed and set otherwise in a ResNet50.",
        resnet_edited,
    ),
    Entry(
        "resnets_compared",
        "A ResNet50 and a ResNet152V2 as one drawing, in the blocks of the new one.",
        partial(both_of, "ResNet50", "ResNet152V2"),
    ),
    Entry(
        "mobilenets_compared",
        "MobileNetV2 and MobileNetV3Large: blocks that are gone as a whole stay blocks.",
        partial(both_of, "MobileNetV2", "MobileNetV3Large"),
    ),
    Entry("xception", "Xception.", "Xception"),
    Entry("transformer_encoder", "A transformer encoder of twelve layers.", "transformer_encoder"),
    Entry("unet", "A U-Net with its skips.", "unet", {"show_shapes": True}),
    Entry("siamese", "A siamese net: one tower, called twice.", "siamese"),
    Entry("gan", "A GAN: generator and discriminator.", "gan"),
    Entry("seq2seq", "An LSTM encoder-decoder.", "seq2seq"),
    Entry("two_tower", "A two-tower recommender.", "two_tower"),
    Entry(
        "recurrent_wrappers",
        "Bidirectional, TimeDistributed, attention and stacked cells, opened.",
        "recurrent_wrappers",
    ),
    Entry(
        "saved_model_encoder",
        "A SavedModel: the layers of its author, each open to the operations that it runs.",
        "saved_model_encoder.zip",
    ),
    Entry("saved_model_recurrent", "LSTM and GRU in a SavedModel: loops, open.", "saved_model_recurrent.zip"),
    Entry("saved_model_steps", "A loop with a branch in it, as TensorFlow runs them.", "saved_model_steps.zip"),
    Entry(
        "tensorflow_1_loops",
        "Loops of TensorFlow 1: cycles through Merge and NextIteration.",
        "graph_def/nested_while.pbtxt",
    ),
    Entry("tflite_int8", "A quantised TensorFlow Lite model.", "tflite/conv_int8.tflite"),
    Entry(
        "tflite_control_flow",
        "TensorFlow Lite: control flow and operations of TensorFlow.",
        "tflite/control_flow_flex.tflite",
    ),
    Entry("vit", "A subclassed vision transformer, opened by following its calls.", vit),
)


def gallery_page() -> str:
    """The gallery as Markdown."""
    lines = ["# Gallery", "", "Every picture is drawn anew by the tests and compared byte for byte.", ""]
    for entry in GALLERY:
        lines += [f"## {entry.name}", "", entry.shows, "", f"![{entry.name}](../tests/golden/{entry.name}.svg)", ""]
    return "\n".join(lines)
