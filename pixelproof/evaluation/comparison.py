"""Two models compared on the same test images: is one better, or was it chance?"""

import numpy as np
from scipy.stats import binomtest


def compare(cnn_right: np.ndarray, mlp_right: np.ndarray) -> dict[str, float | int]:
    """Compare two (n,) bool arrays that say, image by image, whether each model was right.

    The p-value is McNemar's exact test (1947; the exact form is the two-sided binomial test): how often chance
    alone would split the images that only one of the two got right at least this unevenly.
    """
    only_cnn = int((cnn_right & ~mlp_right).sum())
    only_mlp = int((~cnn_right & mlp_right).sum())
    disagree = only_cnn + only_mlp
    return {
        "images": len(cnn_right),
        "accuracy_difference": (only_cnn - only_mlp) / len(cnn_right),
        "mcnemar_p": float(binomtest(only_cnn, disagree).pvalue) if disagree else 1.0,
        "both_right": int((cnn_right & mlp_right).sum()),
        "only_cnn_right": only_cnn,
        "only_mlp_right": only_mlp,
        "both_wrong": int((~cnn_right & ~mlp_right).sum()),
    }
