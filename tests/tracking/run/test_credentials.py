"""No password and no token of an address is recorded or shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.tracking.run.credentials import without_credentials


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://ada:1234@host/project.git", "https://host/project.git"),
        ("https://ghp_1234@host/project.git", "https://host/project.git"),
        ("https://ada:12@34@host:8443/project.git", "https://host:8443/project.git"),
        ("ssh://git@host/project.git", "ssh://git@host/project.git"),
        ("ssh://git:1234@host:22/project.git", "ssh://git@host:22/project.git"),
        ("git@host:team/project.git", "git@host:team/project.git"),
        ("/home/ada/project.git", "/home/ada/project.git"),
        ("postgresql+psycopg2://ada:1234@host:5432/runs", "postgresql+psycopg2://ada@host:5432/runs"),
        ("postgresql://:1234@host/runs", "postgresql://@host/runs"),
        ("https://host/a.zip?X-Amz-Signature=1234&v=2", "https://host/a.zip?X-Amz-Signature=***&v=2"),
        ("https://host/a.zip?v=2&access_token=1234#top", "https://host/a.zip?v=2&access_token=***#top"),
        ("get https://a:1234@x/y and http://b:5678@z", "get https://x/y and http://z"),
        ("mail ada@host about a:b@c", "mail ada@host about a:b@c"),
        ("https://host/@scope/name", "https://host/@scope/name"),
        ("", ""),
    ],
)
def test_what_is_secret_goes_and_the_rest_stays(given: str, kept: str) -> None:
    """Else a token would be in every run, or an address would lead nowhere."""
    assert without_credentials(given) == kept


SAFE = st.text("abcXYZ019-_.", min_size=1)


@given(
    st.sampled_from(["http", "https", "postgresql", "mysql+pymysql", "ssh"]), SAFE, SAFE.map("SECRET{}".format), SAFE
)
def test_no_password_is_left(scheme: str, user: str, password: str, host: str) -> None:
    """Whatever the password is made of."""
    assert "SECRET" not in without_credentials(f"clone {scheme}://{user}:{password}@{host}/path now")
