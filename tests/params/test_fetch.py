"""The address and the hash of an archive on the web."""

from pathlib import Path
from typing import Any

import pytest

from pixelproof.params.whole import Params
from tests.support.params import changed, complaint

SHA256 = "0123456789abcdefABCDEF" + "0" * 42


def fetching(**keys: object) -> dict[str, Any]:
    return changed(*((f"fetch.{key}", value) for key, value in keys.items()))


@pytest.mark.parametrize("url", ["https://a.org/photos.zip", "http://127.0.0.1:80/a/b.tar.gz?key=1"])
def test_an_archive_is_fetched_by_address_and_hash(url: str) -> None:
    """Else no data set but the named ones could be fetched."""
    fetch = Params.model_validate(fetching(dataset="url", url=url, sha256=SHA256)).fetch
    assert (fetch.url, fetch.sha256) == (url, SHA256)


@pytest.mark.parametrize(
    ("keys", "got"),
    [
        ({"dataset": "url"}, "got 'url' with neither"),
        ({"dataset": "url", "url": "https://a.org/b.zip"}, "got 'url' with url"),
        ({"dataset": "url", "sha256": SHA256}, "got 'url' with sha256"),
        ({"dataset": "none", "url": "https://a.org/b.zip", "sha256": SHA256}, "got 'none' with url and sha256"),
        ({"dataset": "digits", "sha256": SHA256}, "got 'digits' with sha256"),
    ],
)
def test_address_and_hash_stand_with_the_data_set_url_and_only_there(
    tmp_path: Path, keys: dict[str, object], got: str
) -> None:
    """Else bytes that nobody vouches for would be trained on, or an address would be there that does nothing."""
    message = complaint(fetching(**keys), tmp_path)
    assert message.startswith("fetch: `dataset: url` needs the keys url (of an archive) and sha256")
    assert message.endswith(got)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "ftp://a.org/b.zip"),
        ("url", "file:///etc/passwd"),
        ("url", "https://a.org"),
        ("url", "https:///b.zip"),
        ("url", "https://a.org/b c.zip"),
        ("sha256", SHA256[1:]),
        ("sha256", "g" * 64),
        ("sha256", 7),
    ],
)
def test_an_address_or_hash_of_the_wrong_form_is_shown(tmp_path: Path, key: str, value: object) -> None:
    """Else a slip would be found only after the download, or a local file would be read."""
    keys = {"dataset": "url", "url": "https://a.org/b.zip", "sha256": SHA256, key: value}
    message = complaint(fetching(**keys), tmp_path)
    assert message.startswith(f"fetch.{key}: ")
    assert message.endswith(f"got {value!r}")
