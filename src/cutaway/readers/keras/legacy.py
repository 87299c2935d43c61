"""Names of Keras 1 and 2 in today's words, for the tables of rules. What is shown keeps the file's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASSES = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose", "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D", "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose", "Deconv2D": "Conv2DTranspose", "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D", "SeparableConvolution2D": "SeparableConv2D",
    "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D", "AvgPool3D": "AveragePooling3D",
    "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D", "MaxPool3D": "MaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D", "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D", "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D", "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "LSTMV1": "LSTM", "LSTMV2": "LSTM", "GRUV1": "GRU", "GRUV2": "GRU",
    "TimeDistributedDense": "Dense", "GroupQueryAttention": "GroupedQueryAttention",
    "RandomHeight": "RandomHeight", "RandomWidth": "RandomWidth",
}  # fmt: skip
"""Class of an older version, or alias → the class whose rules it follows."""

_ARGUMENTS = {
    "nb_filter": "filters", "nb_kernel": "filters", "output_dim": "units", "border_mode": "padding",
    "subsample": "strides", "subsample_length": "strides", "filter_length": "kernel_size",
    "atrous_rate": "dilation_rate", "bias": "use_bias", "pool_length": "pool_size", "stride": "strides",
    "inner_activation": "recurrent_activation", "dim_ordering": "data_format", "p": "rate", "sigma": "stddev",
    "concat_axis": "axis", "length": "size", "nb_feature": "num_features",
}  # fmt: skip
"""Argument of Keras 1 → argument of Keras 2 and 3."""

_DATA_FORMATS = {"th": "channels_first", "tf": "channels_last", "default": "channels_last", None: "channels_last"}
_KERNELS = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_KEEP_OUTPUT_DIM = frozenset({"Embedding", "ReversibleEmbedding"})
_OLD_KEYS = frozenset(_ARGUMENTS) | {key for keys in _KERNELS for key in keys}


def modern(op: str, config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Class and config under today's names; the same objects where nothing is old."""
    name = CLASSES.get(op, op)
    if _OLD_KEYS.isdisjoint(config):
        return name, config
    new: dict[str, Any] = {}
    for key, value in config.items():
        if key == "output_dim" and name in _KEEP_OUTPUT_DIM:
            new[key] = value
        else:
            new.setdefault(_ARGUMENTS.get(key, key), value)
    for keys in _KERNELS:
        if keys[0] in config:
            new["kernel_size"] = [config[key] for key in keys if key in config]
    if "data_format" in new:
        new["data_format"] = _DATA_FORMATS.get(new["data_format"], new["data_format"])
    return name, new
