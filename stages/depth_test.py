"""Train the article's network with one block of convolution and pooling, with two, and so on.

    python -m stages.depth_test [SEED ...]

Are fewer parameters paid for in accuracy? Every block has ten 5 x 5 filters and 2 x 2 pooling. Not a stage of dvc.yaml,
since it trains many times as much as those; run it after `make repro`. Without seeds it takes three, from `seed` of
params.yaml on; the photos, the views, the learning rate and the section `train` are those of params.yaml, too.

Reads   what stages.train reads, and the test part
Writes  reports/experiments/depth/ (trials.csv, summary.csv, depth.png)
"""

from collections.abc import Iterator

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.experiments.summary import depth_figure, summarize, table
from pixelproof.experiments.trial import parse_seeds, read_training_data, run_trial
from pixelproof.explain.page.article import article_cnn
from pixelproof.files import replacing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from pixelproof.params.whole import load_params
from pixelproof.paths import DEPTH
from pixelproof.training.training_data import TrainingData


def networks(data: TrainingData, learning_rate: float) -> Iterator[tuple[Cnn, int]]:
    """Yield the networks of one block, two, ... with their numbers of parameters, until a block is too large."""
    classes = len(data.classes)
    for blocks in range(1, 100):
        cnn = article_cnn(blocks, "sigmoid" if classes == 2 else "softmax", learning_rate)
        try:
            yield cnn, plan_cnn(cnn, data.shape, classes).parameters
        except UserError:
            return


def main() -> None:
    params = load_params()
    seeds = parse_seeds(__doc__, params.seed)
    data = read_training_data()
    deeper = list(networks(data, params.cnn.learning_rate))
    work = [(seed, blocks, cnn) for seed in seeds for blocks, (cnn, _) in enumerate(deeper, 1)]
    start_keras("depth_test")
    from pixelproof.network.cnn.cnn import CnnLearner

    trials = []
    for seed, blocks, cnn in console.progress(work, "depth test", len(work)):
        steps = data.steps_per_epoch(params.train)
        classes = len(data.classes)
        learner = CnnLearner(cnn, params.train, data.shape, classes, steps_per_epoch=steps, seed=seed)
        trials.append(run_trial(str(blocks), "in place", learner, data, params.train, seed=seed))
    summary = summarize(trials).rename(columns={"model": "blocks"}).drop(columns="pixels")
    summary = summary.astype({"blocks": int})
    summary.insert(1, "parameters", [parameters for _, parameters in deeper])
    title = f"{len(trials[0].right)} test images, {len(seeds)} seeds"
    with replacing(DEPTH) as folder:
        folder.mkdir()
        table(trials).rename(columns={"model": "blocks"}).drop(columns="pixels").to_csv(
            folder / "trials.csv", index=False
        )
        summary.to_csv(folder / "summary.csv", index=False)
        depth_figure(summary, title).savefig(folder / "depth.png")


if __name__ == "__main__":
    console.run(main)
