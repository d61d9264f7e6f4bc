"""Processor and memory use of a training run."""

from typing import NamedTuple

import psutil


class Load(NamedTuple):
    cpu_percent: float  # of all cores, since the last sample
    memory_bytes: int  # that this process has in main memory


def sample() -> Load:
    return Load(psutil.cpu_percent(), psutil.Process().memory_info().rss)
