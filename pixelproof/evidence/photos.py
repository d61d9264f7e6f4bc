"""`pixelproof predict --explain FOLDER`: a picture for each answered photo."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.evidence.picture import write_picture
from pixelproof.evidence.witness import Witness
from pixelproof.files import replacing
from pixelproof.inference.classifier import Answer, Classifier

LONGEST_STEM = 60  # characters of a name, which may have four bytes each, of 255


def explained(classifier: Classifier, answers: Iterable[Answer], folder: Path) -> Iterator[Answer]:
    """Yield the answers to photo files, after a picture of what spoke for each is written into the folder.

    Raises UserError where there can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--explain {folder}: {error.strerror}. Name a folder to write pictures into.") from None
    witness, classes = Witness(classifier), classifier.preprocessing.classes
    for answer in answers:
        if answer.error is None:
            _explain(classifier, witness, answer.photo, classes, folder)
        yield answer


def _explain(classifier: Classifier, witness: Witness, photo: str, classes: list[str], folder: Path) -> None:
    try:
        image = classifier.image(Path(photo).read_bytes())
    except OSError as error:
        image = f"unreadable: {error.strerror}"
    if isinstance(image, str):  # it was answered a moment ago
        logging.warning("%s: not explained: %s", photo, image)
        return
    with replacing(folder / picture_name(Path(photo))) as beside:
        write_picture(witness.evidence(image), classes, photo, beside)


def picture_name(photo: Path) -> str:
    """Return the name of a photo's picture: that of no other photo, and the same again for the same one."""
    path = hashlib.sha256(bytes(photo.resolve())).hexdigest()[:8]
    return f"{photo.stem[:LONGEST_STEM]}-{path}.png"
