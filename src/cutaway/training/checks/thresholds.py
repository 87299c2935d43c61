"""The thresholds of all checks of a training, each with where it comes from; ``docs/checks.md`` shows this table.

Sources by their names: SageMaker: documented defaults of the built-in rules of Amazon SageMaker Debugger. AutoTrainer:
default parameters of the tool of Zhang et al., ICSE 2021. UMLAUT: heuristics of the tool of Schoop et al., CHI 2021.
CS231n: course notes of Stanford, "Learning". Keras: defaults of the callback ``ReduceLROnPlateau``. Glorot, He:
initialisations of Glorot and Bengio 2010, He et al. 2015. Pascanu: Pascanu et al. 2013, on clipping of gradients.
"""

from __future__ import annotations

from typing import NamedTuple


class Threshold(NamedTuple):
    """One number that a check compares with.

    Attributes:
        value: The number.
        meaning: What is compared with it.
        source: Where it comes from.
    """

    value: float
    meaning: str
    source: str


STEPS_IN_A_ROW = Threshold(
    3, "recorded steps in a row, up to the last, that must be so", "SageMaker UnchangedTensor, num_steps"
)
VANISHED = Threshold(1e-7, "root mean square of a gradient, below which it is gone", "SageMaker VanishingGradient")
FIRST_TO_LAST_LOW = Threshold(
    1e-3, "norm of the gradient of a layer by that of the last one, below which it vanishes", "AutoTrainer, beta 1"
)
FIRST_LOW = Threshold(1e-4, "norm of that gradient, below which it vanishes", "AutoTrainer, beta 2")
FIRST_TO_LAST_HIGH = Threshold(
    70, "norm of the gradient of a layer by that of the last one, above which it explodes", "AutoTrainer, beta 3"
)
EXPLODED = Threshold(
    10, "norm of the gradient of a layer, below which it does not explode", "upper end of usual clipping, Pascanu"
)
EXPLODED_ALONE = Threshold(
    1e5, "norm of any gradient, above which it explodes", "AutoTrainer, of the loss, which it takes for NaN from there"
)
UPDATE_STEPS = Threshold(10, "recorded steps whose median is taken, at least", "SageMaker LossNotDecreasing, num_steps")
UPDATE_LOW = Threshold(1e-4, "norm of an update by that of the weight, in the median of steps", "CS231n: about 1e-3")
UPDATE_HIGH = Threshold(1e-1, "norm of an update by that of the weight, in the median of steps", "CS231n: about 1e-3")
UPDATE_GONE = Threshold(1e-8, "the same, below which it is an error", "SageMaker WeightUpdateRatio, small_threshold")
UPDATE_WILD = Threshold(10, "the same at any step, above which it is an error", "SageMaker WeightUpdateRatio")
DEAD_UNITS = Threshold(0.5, "share of units of a layer that are silent for a whole batch", "SageMaker DeadRelu")
ZERO_GRADIENTS = Threshold(0.7, "share of zeros in all gradients behind ReLUs", "AutoTrainer, gamma")
SATURATED = Threshold(0.5, "share of the outputs of a sigmoid or tanh at its limits", "SageMaker SaturatedActivation")
LOSS_WINDOW = Threshold(10, "values of the loss in the first and the last stretch", "SageMaker LossNotDecreasing")
LOSS_VALUES = Threshold(50, "values of the loss, before which a slow start is no fault", "chosen here")
LOSS_FALL = Threshold(0.01, "share by which the loss must have fallen between them", "AutoTrainer, delta")
LOSS_RISE = Threshold(1.5, "loss of the last stretch by that of the first, above which it diverges", "chosen here")
SWING = Threshold(0.03, "swing of the accuracy from a peak to the next valley", "AutoTrainer, zeta")
SWINGS = Threshold(0.2, "such swings by the number of epochs", "AutoTrainer, eta")
PLATEAU_EPOCHS = Threshold(10, "epochs without a better loss", "Keras, patience")
PLATEAU_BETTER = Threshold(1e-4, "by how much a loss must be lower to be better", "Keras, min_delta")
OVERFIT_GAP = Threshold(0.1, "(validation loss - training loss) / training loss", "SageMaker Overfit, ratio_threshold")
OVERFIT_RISE = Threshold(0.1, "rise of the validation loss above its best", "SageMaker Overtraining, delta")
OVERFIT_EPOCHS = Threshold(5, "epochs since that best", "SageMaker Overtraining, patience_train")
INITIAL_STEPS = Threshold(10, "steps in which weights are still as they began", "SageMaker PoorWeightInitialization")
INITIAL_RATIO = Threshold(
    10,
    "deviation of a kernel by 1/sqrt(fan), or the inverse, fan being the entering one or Glorot's mean, as is nearer",
    "SageMaker PoorWeightInitialization, threshold; Glorot, He",
)
INITIAL_MOVED = Threshold(
    0.5,
    "share of its norm that steps before the first record changed a kernel by, if each did as that one",
    "chosen here",
)
MOST_KERNELS = Threshold(
    0.5, "share of the kernels that steps change too much, above which the learning rate is the cause", "chosen here"
)
INPUT_MEAN = Threshold(
    1, "distance of the mean of an input from 0, and by a third of its deviation", "UMLAUT: typical are -1 to 1"
)
INPUT_SPREAD = Threshold(
    10, "standard deviation of an input, or its inverse, which should be about 1", "chosen here, after UMLAUT"
)
