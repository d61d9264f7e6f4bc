"""The words of the page, each in a sentence or two: at its end, and wherever a word is pointed at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    name: str
    says: str
    forms: str = ""  # a regular expression of JavaScript: how the word is written in texts; "" for its name

    @property
    def anchor(self) -> str:
        return f"word-{self.name.lower().replace(' ', '-')}"


WORDS = (
    Word(
        "activation",
        "A function that every sum goes through before it is handed on. Without one, two layers one after the "
        "other could do no more than a single one. ReLU is the commonest.",
        "activation(?! maps?)s?",
    ),
    Word(
        "activation map",
        "What one filter gives for a whole picture: a picture again, bright where the filter found what it looks "
        "for. Also: feature map.",
        "(?:activation|feature) maps?",
    ),
    Word(
        "back-propagation",
        "How the gradients of all weights are found: from the loss back through the network, layer by layer, by the "
        "chain rule.",
        "back-propagation",
    ),
    Word(
        "batch",
        "The photos that the network sees before its weights are changed once; 32 or 128, say.",
        "batch(?:es)?(?! norm)",
    ),
    Word(
        "batch norm",
        "Batch normalisation: from each map its mean is subtracted, and the rest divided by its standard "
        "deviation; then it is scaled and shifted by two numbers that are learned. In training mean and deviation "
        "are those of the batch, afterwards running averages. It keeps numbers in a range in which training goes "
        "fast.",
        "batch[ _]norm(?:ali[sz]ation)?",
    ),
    Word(
        "bias",
        "A number that a filter or unit adds to its sum, whatever it sees. It is learned like a weight, and moves "
        "the point from which on a ReLU lets something through.",
        "bias(?:es)?",
    ),
    Word(
        "channel",
        "One of the pictures that a picture is made of: red, green and blue for a photo in colour, one for a grey "
        "one, and one per filter behind a convolution.",
        "channels?",
    ),
    Word(
        "convolution",
        "The same few weights are laid on every part of a picture; the products are added up, and each sum is a "
        "number of the output.",
        "convolutions?|conv",
    ),
    Word(
        "cross-entropy",
        "The loss of a classifier: minus the natural logarithm of the probability that it gave the true class. "
        "Nothing for 1, more the less it gave.",
        "cross-entropy",
    ),
    Word(
        "dense",
        "Fully connected: every unit has a weight for every number of its input.",
        "dense|fully connected",
    ),
    Word(
        "depthwise",
        "A convolution in which each filter looks at one channel only.",
        "depthwise|separable",
    ),
    Word(
        "dilation",
        "The window's pixels are taken apart: with dilation 2 every second pixel counts, so that a window of 3 "
        "covers 5.",
        "dilation|dilated",
    ),
    Word(
        "dropout",
        "In training a share of the numbers, drawn anew each time, is set to zero, so that no unit can rely on a "
        "single other one. Afterwards nothing is dropped.",
        "dropout",
    ),
    Word(
        "epoch",
        "One pass over all training photos, in many steps.",
        "epochs?",
    ),
    Word(
        "filter",
        "The weights of one convolution's output map. It is as deep as its input. Also: kernel.",
        "filters?|kernels?",
    ),
    Word(
        "flatten",
        "Maps become a list, number by number; the numbers stay the same.",
        "flatten(?:s|ed|ing)?",
    ),
    Word(
        "gradient",
        "How the loss changes with a number, such as a weight: above zero, more of it makes the loss larger.",
        "gradients?",
    ),
    Word(
        "learning rate",
        "How far a weight goes against its gradient in one step.",
        "learning rates?",
    ),
    Word(
        "loss",
        "How wrong an answer is, as one number. Training makes its mean over the photos smaller.",
        "loss(?:es)?",
    ),
    Word(
        "padding",
        "Zeros around a picture, so that the window can stand over its edge: none (valid), as many as keep the "
        "size (same, with stride 1), or a number of rings.",
        "padding|padded",
    ),
    Word(
        "parameter",
        "A number that training changes: a weight or a bias. (Batch norm's averages are counted, too.)",
        "parameters?",
    ),
    Word(
        "pooling",
        "A window that takes the largest number, or the mean, instead of weighing; maps become smaller.",
        "(?:max[ _]|average[ _]|l2[ _])?pool(?:ing|ings)?",
    ),
    Word(
        "receptive field",
        "The part of the photo that a number of a later layer can see.",
        "receptive fields?",
    ),
    Word(
        "ReLU",
        "Rectified linear unit, max(0, z): what is below zero becomes zero, the rest stays.",
        "relu",
    ),
    Word(
        "sigmoid",
        "1 / (1 + e^−z): turns any number into one between 0 and 1, for two classes a probability.",
        "sigmoid",
    ),
    Word(
        "softmax",
        "e^z for each class, divided by the sum of them all: numbers become probabilities that add up to 1.",
        "softmax",
    ),
    Word(
        "stride",
        "How far the window moves at a time.",
        "strides?",
    ),
    Word(
        "unit",
        "One number that a dense layer puts out, with its weights and its bias.",
        "units?",
    ),
    Word(
        "validation",
        "Photos that are kept aside in training: no weight learns from them, and they tell which epoch was the best.",
        "validation",
    ),
    Word(
        "weight",
        "A number that an input is multiplied by. Training finds it.",
        "weights?",
    ),
)
