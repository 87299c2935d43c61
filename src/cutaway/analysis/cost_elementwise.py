"""What everything else costs: no multiply-accumulates, but elementary operations.

Each addition, multiplication, comparison and function of one element counts one; softmax counts five for an element
(maximum, difference, exponential, sum, quotient). What only moves, selects or looks up values counts nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from cutaway.analysis.calls import Call, Work, count, numbers

Rule = Callable[[Call], Work]

_NOTHING = Work()


def free(call: Call) -> Work:  # noqa: ARG001  (all rules take the same argument)
    """Moves, selects, looks up: no arithmetic."""
    return _NOTHING


def each_made(call: Call, *, times: int) -> Work:
    """As many operations for every element of all outputs."""
    return Work(0, times * count(call.made))


def merged(call: Call) -> Work:
    """One operation for every element made and every tensor after the first."""
    return Work(0, max(1, len(call.known_inputs) - 1) * count(call.made))


def averaged(call: Call) -> Work:
    """The sum, and its division."""
    return Work(0, max(1, len(call.known_inputs)) * count(call.made))


def each_read(call: Call) -> Work:
    """A reduction: one operation for every element read."""
    return Work(0, count(call.source))


def twice_read(call: Call) -> Work:
    """A reduction that computes something of every element first."""
    return Work(0, 2 * count(call.source))


def pooled(call: Call) -> Work:
    """One operation for every element of each window."""
    attributes = call.attributes
    if "filter_width" in attributes:
        window = math.prod(numbers(attributes, "filter_width") + numbers(attributes, "filter_height"))
    elif "ksize" in attributes:
        window = math.prod(numbers(attributes, "ksize"))
    elif "pool_size" in attributes:
        window = math.prod(numbers(attributes, "pool_size"))
        if len(numbers(attributes, "pool_size")) == 1 and call.op[-2:] in ("2D", "3D"):
            window **= int(call.op[-2])
    else:  # an operation that a layer of the same name was told from
        window = max(1, count(call.source) // max(1, count(call.made)))
    return Work(0, count(call.made) * window)


def sorted_(call: Call) -> Work:
    """Comparisons of a sort along the last axis."""
    source = call.source
    return Work(0, count(source) * max(1, (source[-1] - 1).bit_length()) if source else 0)


def fourier(call: Call) -> Work:
    """5 n log₂ n, the usual count for a fast Fourier transform of n points."""
    source = call.source
    return Work(0, 5 * count(source) * max(1, (source[-1] - 1).bit_length()) if source else 0)


def quadratic(call: Call) -> Work:
    """Interpolation between four places: four multiplications, three additions; none for the nearest place."""
    if call.attributes.get("interpolation", "bilinear") == "nearest":
        return _NOTHING
    return Work(0, 7 * count(call.made))


def upsampled(call: Call) -> Work:
    """UpSampling: repeats, where no interpolation is asked for."""
    return quadratic(call) if call.attributes.get("interpolation", "nearest") != "nearest" else _NOTHING


def activation(call: Call) -> Work:
    """Activation: one operation for an element, five for softmax, none for the linear one."""
    name = str(call.attributes.get("activation", call.attributes.get("kind")))
    times = {"linear": 0, "softmax": 5, "log_softmax": 5, "Softmax": 5, "LogSoftmax": 5}
    return Work(0, times.get(name, 1) * count(call.made))


def merge_layer(call: Call) -> Work:
    """Merge of Keras 1, which is any of the merging layers by its mode; of TensorFlow 1, a place where ways meet."""
    mode = call.attributes.get("mode")
    if mode in ("dot", "cos"):
        return Work(count(call.made) * call.source[-1])
    return _NOTHING if mode in (None, "concat") else merged(call)


_FREE = (
    "InputLayer Input Placeholder PlaceholderWithDefault PlaceholderV2 Const LoopVariable IteratorGetNext _Arg _Retval "
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout DropPath "
    "StochasticDepth ActivityRegularization Identity IdentityN StopGradient PreventGradient Snapshot Copy Masking "
    "Reshape Flatten Permute RepeatVector ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D "
    "Concatenate Stack Vstack Hstack Concat ConcatV2 Pack Unpack Unstack Split SplitV Slice StridedSlice GetItem Take "
    "TakeAlongAxis Gather GatherV2 GatherNd ResourceGather Transpose Swapaxes Moveaxis ExpandDims Squeeze Tile Repeat "
    "BroadcastTo BroadcastArgs Pad PadV2 MirrorPad Roll Flip ReverseV2 Reverse ReverseSequence OneHot Eye Diag Tril "
    "Triu Fill Zeros Ones ZerosLike OnesLike Full FullLike Range Arange Linspace Shape ShapeN Size Rank Ravel Meshgrid "
    "Cast Bitcast Where Select SelectV2 Scatter ScatterNd ScatterUpdate SliceUpdate TensorScatterUpdate "
    "SpaceToDepth DepthToSpace SpaceToBatchND BatchToSpaceND SpaceToBatch BatchToSpace InvertPermutation "
    "EnsureShape Assert NoOp Print PrintV2 CheckNumerics VarHandleOp ReadVariableOp AssignVariableOp VariableV2 "
    "Variable VarIsInitializedOp AssignSubVariableOp AssignAddVariableOp Assign "
    "Enter Exit Switch NextIteration LoopCond While StatelessWhile If StatelessIf Case StatelessCase "
    "PartitionedCall StatefulPartitionedCall "
    "TensorListFromTensor TensorListStack TensorListGetItem TensorListSetItem TensorListReserve TensorListPushBack "
    "TensorListPopBack TensorListLength EmptyTensorList TensorListElementShape TensorListConcatV2 TensorListResize "
    "TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3 TensorArrayScatterV3 TensorArraySizeV3 "
    "TensorArrayGradV3 TensorArrayCloseV3 "
    "StringLookup IntegerLookup TextVectorization Hashing HashedCrossing Discretization CategoryEncoding CenterCrop "
    "RandomCrop RandomFlip RandomRotation RandomZoom RandomTranslation RandomContrast RandomBrightness RandomHeight "
    "RandomWidth RandomShear RandomHue RandomSaturation RandomColorJitter RandomGrayscale RandomInvert RandomErasing "
    "RandomGaussianBlur RandomPerspective RandomPosterization RandomSharpness RandomColorDegeneration "
    "RandomElasticTransform RandAugment AugMix MixUp CutMix "
    "LookupTableFindV2 HashTableV2 LookupTableSizeV2 LookupTableImportV2 ParseExample ParseExampleV2 "
    "RandomUniform RandomStandardNormal TruncatedNormal RandomUniformInt StatelessRandomUniformV2 "
    "StatelessRandomGetKeyCounter RandomShuffle FIFOQueueV2 QueueDequeueV2 QueueDequeueManyV2 "
    "QueueDequeueUpToV2 QueueSizeV2 RandomShuffleQueueV2 TFRecordReaderV2 ReaderReadV2 OptionalNone OptionalFromValue "
    "OptionalGetValue OptionalHasValue MutexV2 MutexLock ConsumeMutexLock Stage Unstage RefSwitch RefMerge _Send _Recv "
    "StridedSliceAssign SparseReorder SparseReshape SparseToDense ListDiff DecodeRaw Substr Weights "
    "RESHAPE TRANSPOSE PAD PADV2 MIRROR_PAD SQUEEZE EXPAND_DIMS SPLIT SPLIT_V SLICE STRIDED_SLICE GATHER GATHER_ND "
    "CAST TILE BROADCAST_TO BROADCAST_ARGS UNPACK PACK CONCATENATION SPACE_TO_DEPTH DEPTH_TO_SPACE SPACE_TO_BATCH_ND "
    "BATCH_TO_SPACE_ND SHAPE RANK FILL RANGE ZEROS_LIKE ONE_HOT REVERSE_V2 REVERSE_SEQUENCE SELECT SELECT_V2 WHERE "
    "EMBEDDING_LOOKUP SCATTER_ND MATRIX_DIAG MATRIX_SET_DIAG BITCAST DYNAMIC_UPDATE_SLICE SPARSE_TO_DENSE "
    "RESIZE_NEAREST_NEIGHBOR ResizeNearestNeighbor WHILE IF CALL CALL_ONCE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE "
    "HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE HASHTABLE_LOOKUP"
)

_ONCE = (
    "ReLU LeakyReLU PReLU ELU ThresholdedReLU ParametricSoftplus Relu Relu6 Elu Selu Celu Gelu Silu Swish Glu Sigmoid "
    "LogSigmoid Tanh HardSigmoid HardSilu HardSwish HardTanh HardShrink SoftShrink TanhShrink Threshold Softplus "
    "Softsign SparsePlus LeakyRelu Squareplus Erf Erfc Erfinv Exp Exp2 Expm1 Log Log10 Log1p Log2 "
    "Sqrt Rsqrt "
    "Square Abs Absolute Neg Negative Sign Ceil Floor Round Trunc Rint Reciprocal Inv Sin Cos Tan Sinh Cosh Asin Acos "
    "Atan Arcsin Arccos Arctan Arcsinh Arccosh Arctanh Asinh Acosh Atanh Lgamma Digamma Isnan IsNan Isinf IsInf "
    "Isfinite IsFinite LogicalNot Invert Conj Real Imag Conjugate NanToNum "
    "Divide DivideNoNan TrueDivide FloorDivide RealDiv Div DivNoNan FloorDiv TruncateDiv FloorMod Mod Power Pow "
    "Arctan2 Atan2 Xdivy Xlogy Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor "
    "BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift ApproximateEqual Remainder Logaddexp BiasAdd BiasAddV1 "
    "LayerScale CustomScaleLayer Cumsum Cumprod CumulativeLogsumexp Quantize QuantizeV2 Dequantize "
    "ReluGrad Relu6Grad "
    "FakeQuantWithMinMaxVars FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVarsPerChannel "
    "RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 LEAKY_RELU PRELU ELU LOGISTIC TANH GELU HARD_SWISH ABS NEG SIGN CEIL FLOOR "
    "ROUND EXP LOG SQRT RSQRT SQUARE SIN COS DIV FLOOR_DIV FLOOR_MOD POW ATAN2 EQUAL NOT_EQUAL GREATER GREATER_EQUAL "
    "LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT CUMSUM QUANTIZE DEQUANTIZE FAKE_QUANT BITWISE_XOR RIGHT_SHIFT "
    "COMPLEX_ABS REAL IMAG"
)

_SEVERAL: dict[int, str] = {
    2: "Normalization Clip ClipByValue SquaredDifference SQUARED_DIFFERENCE Rescaling SReLU SigmoidGrad TanhGrad "
    "RsqrtGrad SqrtGrad "
    "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 BatchNorm BatchNormWithGlobalNormalization BatchNormalization",
    3: "EluGrad SeluGrad L2_NORMALIZATION L2Normalize Normalize UnitNormalization",
    5: "Softmax LogSoftmax SOFTMAX LOG_SOFTMAX RMSNormalization RmsNormalization SoftmaxCrossEntropyWithLogits "
    "SparseSoftmaxCrossEntropyWithLogits",
    8: "LayerNormalization GroupNormalization LayerNorm FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3",
}

_MERGES = (
    "Add AddV2 AddN Accumulate AccumulateNV2 Subtract Sub Multiply Mul Maximum Minimum ADD ADD_N SUB MUL "
    "MAXIMUM MINIMUM"
)

_REDUCTIONS = (
    "Mean Sum Max Min Prod All Any Argmax Argmin ArgMax ArgMin Amax Amin CountNonzero Logsumexp EuclideanNorm "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
    "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D SegmentSum SegmentMean "
    "UnsortedSegmentSum UnsortedSegmentMax BiasAddGrad Bincount "
    "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL ARG_MAX ARG_MIN SEGMENT_SUM UNSORTED_SEGMENT_SUM"
)

_POOLS = (
    "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool AveragePool "
    "MaxPoolV2 AvgPool MaxPool3D AvgPool3D MaxPoolWithArgmax MaxPoolGrad AvgPoolGrad MAX_POOL_2D AVERAGE_POOL_2D "
    "L2_POOL_2D"
)

_ROWS: tuple[tuple[Rule, str], ...] = (
    (free, _FREE),
    (partial(each_made, times=1), _ONCE),
    (merged, _MERGES),
    (each_read, _REDUCTIONS),
    (pooled, _POOLS),
    (twice_read, "Var Std Norm L2Loss"),
    (sorted_, "TopK TopKV2 TOPK_V2 Sort Argsort InTopK InTopKV2 Unique Median Quantile"),
    (fourier, "FFT FFT2D FFT3D IFFT IFFT2D RFFT RFFT2D IRFFT IRFFT2D Rfft Irfft Fft Fft2 Ifft2"),
    (quadratic, "Resizing Resize ResizeBilinear ResizeBicubic RESIZE_BILINEAR ResizeArea"),
    (upsampled, "UpSampling1D UpSampling2D UpSampling3D"),
    (merge_layer, "Merge"),
    (averaged, "Average"),
    (activation, "Activation"),
    (partial(each_made, times=12), "LOCAL_RESPONSE_NORMALIZATION LRN"),
)

ELEMENTWISE: dict[str, Rule] = {
    **{op: partial(each_made, times=times) for times, ops in _SEVERAL.items() for op in ops.split()},
    **{op: rule for rule, ops in _ROWS for op in ops.split()},
}
"""Class or kind → rule; what is in none of the tables cannot be counted, and is named."""
