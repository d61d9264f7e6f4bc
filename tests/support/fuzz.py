"""Decode damaged files by the ten thousand; name every seed whose file is not taken as it should be.

python -m tests.support.fuzz          50,000 files, made of ../shared/data (where it is there) and of generated photos
python -m tests.support.fuzz --first 4711 --count 1 --keep damaged.jpg      that one alone; its bytes are written down

The exit status is 1 if anything was found. A seed gives the same file as long as the photos are the same.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from joblib import Parallel, delayed

from pixelproof.console import progress
from pixelproof.data.ingest.facts import Facts, examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.opening import quiet_pillow
from tests.support.mutations import corpus, mutate

SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = [SHARED / "odd", SHARED / "cats_dogs"]
SEEDS_PER_PROCESS = 500
LIMIT_SECONDS = 10  # for one file, decoded four times
LIMIT_BYTES = 2**30  # for the process that decodes them

Offence = tuple[int, str]  # the seed, and what was wrong


def outcome(data: bytes) -> Facts | tuple[str, str]:
    """Take a file as ingest does; whatever else is raised than BadImageError comes through."""
    try:
        return examine(data)
    except BadImageError as bad:
        return bad.reason, bad.detail


def complaints(data: bytes) -> Iterator[str]:
    """Yield what is wrong with how a file is taken."""
    try:
        first = outcome(data)
        if outcome(data) != first:
            yield "another answer the second time"
        if isinstance(first, Facts):  # resize must be able to read whatever ingest has accepted
            for colour in ("rgb", "grey"):
                decode(data, first.format, first.mode, first.orientation, colour, at_least=(16, 16))
    except BaseException:
        yield traceback.format_exc()


def work(seeds: Iterable[int]) -> None:
    """Print every seed before its file is decoded, and the seed again before what was wrong with it.

    A file that takes too long ends the process by SIGPROF, which also stops a loop in C, and counts processor time:
    on a busy machine no file is slower than elsewhere.
    """
    kinds, chatter = corpus(FOLDERS), tempfile.TemporaryFile()  # noqa: SIM115  # open until the process ends
    os.dup2(chatter.fileno(), 2)
    with quiet_pillow():
        for seed in seeds:
            print(seed, flush=True)
            signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
            found = list(complaints(mutate(kinds, seed)))
            signal.setitimer(signal.ITIMER_PROF, 0)
            if size := os.fstat(2).st_size:
                found.append(f"on the terminal: {os.pread(chatter.fileno(), size, 0)!r}")
                os.ftruncate(2, 0)
            if (peak := peak_memory()) > LIMIT_BYTES:
                found.append(f"{peak / 2**20:.0f} MiB of memory")
            for what in found:
                print(seed, repr(what), flush=True)
            if peak > LIMIT_BYTES:
                sys.exit(1)


def peak_memory() -> int:
    """Return the largest resident memory of this program, in bytes.

    Linux tells it itself; ru_maxrss there begins with what the program that started this one had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def hunt(seeds: range, worker: list[str]) -> list[Offence]:
    """Run `worker` with the first seed and the count; where it dies, note the seed and go on with the next."""
    offences: list[Offence] = []
    while seeds:
        done = subprocess.run([*worker, str(seeds[0]), str(len(seeds))], stdout=subprocess.PIPE, text=True, check=False)
        lines = [line.partition(" ") for line in done.stdout.splitlines()]
        told = [(int(seed), what) for seed, _, what in lines if what]
        last = int(lines[-1][0]) if lines else seeds[0]
        if done.returncode and (not told or told[-1][0] != last):
            told.append((last, _death(done.returncode)))
        offences += told
        seeds = range(last + 1, seeds.stop) if done.returncode else range(0)
    return offences


def _death(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"took more than {LIMIT_SECONDS} s of processor time"
    return f"ended the process: {signal.Signals(-status).name if status < 0 else f'status {status}'}"


def fuzz(seeds: range, worker: list[str]) -> list[Offence]:
    """Hunt on all cores; a bar shows how far it is."""
    starts = range(seeds.start, seeds.stop, SEEDS_PER_PROCESS)
    parts = [range(start, min(start + SEEDS_PER_PROCESS, seeds.stop)) for start in starts]
    hunts = Parallel(-1, prefer="threads", return_as="generator")(delayed(hunt)(part, worker) for part in parts)
    return [
        offence for found in progress(hunts, f"fuzz, {SEEDS_PER_PROCESS} files each", len(parts)) for offence in found
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Decode damaged files; name the seeds that are not taken as they should."
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=50_000, help="how many files")
    parser.add_argument("--keep", type=Path, help="write the first seed's file here")
    parser.add_argument("--work", type=int, nargs=2, metavar=("FIRST", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(range(options.work[0], sum(options.work)))
        return 0
    if options.keep:
        options.keep.write_bytes(mutate(corpus(FOLDERS), options.first))
    offences = fuzz(
        range(options.first, options.first + options.count), [sys.executable, "-m", "tests.support.fuzz", "--work"]
    )
    for seed, what in offences:
        print(f"seed {seed}: {what}")
    print(f"{options.count:,} damaged files: {len(offences)} not taken as they should be")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
