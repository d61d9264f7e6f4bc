"""The learning rate at each training step: the same schedules for both models."""

from collections.abc import Callable
from math import cos, pi

from pixelproof.params.recipe import Constant, Cosine, Schedule, StepSchedule

Rate = Callable[[int], float]  # the step, counted from 0 -> the learning rate


def rates(schedule: Schedule | None, peak: float, *, steps_per_epoch: int, epochs: int) -> Rate:
    """Return the learning rate by step: `peak` times the factor that the schedule gives.

    A warm-up of n steps is linear: step k (from 0) has (k + 1)/n of the peak, so that no step is wasted on a rate of 0
    (Goyal et al. 2017, arXiv:1706.02677). The cosine falls from there to the end of the last epoch
    (Loshchilov and Hutter 2016, arXiv:1608.03983, without restarts).
    """
    if schedule is None:
        return lambda step: peak
    warmup = round(schedule.warmup_epochs * steps_per_epoch)

    def rate(step: int) -> float:
        if step < warmup:
            return peak * (step + 1) / warmup
        return peak * _factor(schedule, step, warmup, steps_per_epoch, epochs)

    return rate


def _factor(schedule: Schedule, step: int, warmup: int, steps_per_epoch: int, epochs: int) -> float:
    match schedule:
        case Constant():
            return 1.0
        case Cosine():
            done = min((step - warmup) / (epochs * steps_per_epoch - warmup), 1)
            return schedule.final_share + (1 - schedule.final_share) * (1 + cos(pi * done)) / 2
        case StepSchedule():
            drops = sum(step >= milestone * steps_per_epoch for milestone in schedule.milestones)
            return float(schedule.factor**drops)
