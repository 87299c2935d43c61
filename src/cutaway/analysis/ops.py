"""The table of operations: which family each belongs to. A new layer type is one row."""

from __future__ import annotations

_FAMILIES: dict[str, str] = {
    "input": "InputLayer Input Placeholder",
    "convolution": (
        "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D DepthwiseConv2D "
        "SeparableConv1D SeparableConv2D Convolution1D Convolution2D Convolution3D Deconvolution2D "
        "AtrousConvolution1D AtrousConvolution2D SeparableConvolution2D LocallyConnected1D LocallyConnected2D "
        "Conv Cropping1D Cropping2D Cropping3D DepthwiseConv2dNative"
    ),
    "dense": (
        "Dense EinsumDense Matmul MatMul BatchMatMulV2 Einsum Dot Tensordot MaxoutDense TimeDistributedDense Highway"
    ),
    "normalization": (
        "BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization "
        "SpectralNormalization BatchNorm LayerScale FusedBatchNormV3 CustomScaleLayer"
    ),
    "activation": (
        "Activation ReLU LeakyReLU PReLU ELU Softmax ThresholdedReLU Relu Relu6 Sigmoid Tanh Gelu Silu Swish "
        "HardSigmoid HardSilu HardSwish LogSoftmax Selu Softplus Softsign SReLU ParametricSoftplus"
    ),
    "pooling": (
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D MaxPool AveragePool"
    ),
    "merge": "Add Subtract Multiply Average Maximum Minimum Concatenate Merge Stack AddV2 ConcatV2 AddN Concat",
    "attention": (
        "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention GroupQueryAttention DotProductAttention"
    ),
    "recurrent": (
        "LSTM GRU SimpleRNN RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D LSTMCell GRUCell SimpleRNNCell StackedRNNCells "
        "CuDNNLSTM CuDNNGRU Bidirectional"
    ),
    "embedding": "Embedding ReversibleEmbedding PositionEmbedding TokenAndPositionEmbedding",
    "shape": (
        "Reshape Flatten Permute RepeatVector ZeroPadding1D ZeroPadding2D ZeroPadding3D UpSampling1D UpSampling2D "
        "UpSampling3D Transpose ExpandDims Squeeze Split GetItem Slice Pad Resizing Cast Identity Masking "
        "BroadcastTo Gather Take Tile Repeat NotEqual Unstack"
    ),
    "regularization": (
        "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout "
        "ActivityRegularization DropPath StochasticDepth"
    ),
    "preprocessing": (
        "Rescaling Normalization TextVectorization StringLookup IntegerLookup Hashing HashedCrossing Discretization "
        "CategoryEncoding CenterCrop RandomCrop RandomFlip RandomRotation RandomZoom RandomTranslation RandomContrast "
        "RandomBrightness RandomHeight RandomWidth MelSpectrogram STFTSpectrogram FeatureSpace"
    ),
}

FAMILY: dict[str, str] = {op: family for family, ops in _FAMILIES.items() for op in ops.split()}
"""Operation → family; what is not in it belongs to `OTHER`."""

OTHER = "operation"
"""Family of everything else: elementary mathematics and custom layers."""

FAMILIES: tuple[str, ...] = (*_FAMILIES, OTHER)
"""All families, in the order of a legend."""


def family(op: str) -> str:
    """The family of an operation; op names are compared exactly, so ``ZeroPadding2D`` is no ``Add``."""
    return FAMILY.get(op, OTHER)
