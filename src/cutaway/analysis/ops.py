"""The table of operations: which family each belongs to. A new layer type is one row."""

from __future__ import annotations

_FAMILIES: dict[str, str] = {
    "input": "InputLayer Input Placeholder PlaceholderWithDefault _Arg IteratorGetNext",
    "convolution": (
        "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D DepthwiseConv2D "
        "SeparableConv1D SeparableConv2D Convolution1D Convolution2D Convolution3D Deconvolution2D "
        "AtrousConvolution1D AtrousConvolution2D SeparableConvolution2D LocallyConnected1D LocallyConnected2D "
        "CONV_2D DEPTHWISE_CONV_2D CONV_3D TRANSPOSE_CONV CONV_3D_TRANSPOSE STABLEHLO_CONVOLUTION "
        "Conv Cropping1D Cropping2D Cropping3D DepthwiseConv2dNative Conv2DBackpropInput Conv3DBackpropInputV2 "
        "FusedDepthwiseConv2dNative _FusedConv2D"
    ),
    "dense": (
        "FULLY_CONNECTED BATCH_MATMUL STABLEHLO_DOT_GENERAL SVDF "
        "Dense EinsumDense Matmul MatMul BatchMatMulV2 Einsum Dot Tensordot MaxoutDense TimeDistributedDense Highway "
        "BatchMatMul BatchMatMulV3 _FusedMatMul SparseMatMul SparseTensorDenseMatMul"
    ),
    "normalization": (
        "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION "
        "BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization "
        "SpectralNormalization BatchNorm LayerScale FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 "
        "CustomScaleLayer LRN L2Normalize BatchNormWithGlobalNormalization"
    ),
    "activation": (
        "RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 LEAKY_RELU PRELU ELU LOGISTIC TANH SOFTMAX LOG_SOFTMAX GELU HARD_SWISH "
        "Activation ReLU LeakyReLU PReLU ELU Softmax ThresholdedReLU Relu Relu6 Sigmoid Tanh Gelu Silu Swish "
        "HardSigmoid HardSilu HardSwish LogSoftmax Selu Softplus Softsign SReLU ParametricSoftplus Elu LeakyRelu "
        "Erf Erfc"
    ),
    "pooling": (
        "MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D "
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D MaxPool AveragePool MaxPoolV2 AvgPool "
        "MaxPool3D AvgPool3D"
    ),
    "merge": (
        "ADD SUB MUL ADD_N MAXIMUM MINIMUM CONCATENATION PACK "
        "Add Subtract Multiply Average Maximum Minimum Concatenate Merge Stack AddV2 ConcatV2 AddN Concat "
        "BiasAdd Sub Mul Pack"
    ),
    "attention": (
        "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention GroupQueryAttention DotProductAttention"
    ),
    "recurrent": (
        "UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN "
        "BIDIRECTIONAL_SEQUENCE_RNN "
        "LSTM GRU SimpleRNN RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D LSTMCell GRUCell SimpleRNNCell StackedRNNCells "
        "CuDNNLSTM CuDNNGRU Bidirectional"
    ),
    "embedding": (
        "EMBEDDING_LOOKUP EMBEDDING_LOOKUP_SPARSE "
        "Embedding ReversibleEmbedding PositionEmbedding TokenAndPositionEmbedding ResourceGather"
    ),
    "shape": (
        "RESHAPE TRANSPOSE PAD PADV2 MIRROR_PAD SQUEEZE EXPAND_DIMS SPLIT SPLIT_V SLICE STRIDED_SLICE GATHER GATHER_ND "
        "CAST TILE BROADCAST_TO UNPACK RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPACE_TO_DEPTH DEPTH_TO_SPACE "
        "SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SHAPE QUANTIZE DEQUANTIZE "
        "Reshape Flatten Permute RepeatVector ZeroPadding1D ZeroPadding2D ZeroPadding3D UpSampling1D UpSampling2D "
        "UpSampling3D Transpose ExpandDims Squeeze Split GetItem Slice Pad Resizing Cast Identity Masking "
        "BroadcastTo Gather Take Tile Repeat NotEqual Unstack GatherV2 GatherNd SplitV StridedSlice Unpack PadV2 "
        "MirrorPad ReverseV2 ResizeBilinear ResizeNearestNeighbor ResizeBicubic SpaceToDepth DepthToSpace "
        "SpaceToBatchND BatchToSpaceND TensorListFromTensor TensorListStack TensorListGetItem TensorListSetItem"
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
