"""Make the buckets that are missing on the team's S3 server.

    python buckets.py NAME...

Reads the environment variables that MLflow reads, too: MLFLOW_S3_ENDPOINT_URL and boto3's own for the keys.
"""

import os
import sys
from collections.abc import Iterable

import boto3


def make_missing(names: Iterable[str]) -> None:
    """Make each bucket that is not there; those that are keep what they hold."""
    client = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
    there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for name in names:
        if name not in there:
            client.create_bucket(Bucket=name)


if __name__ == "__main__":
    make_missing(sys.argv[1:])
