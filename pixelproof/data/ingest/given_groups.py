"""The user's own groups (one person, one burst, one street), joined with the groups of copies."""

import hashlib

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

GIVEN_GROUP = "given_group"  # the manifest's column; it is there if the source gives a group to any photo


def join_given_groups(photos: pd.DataFrame) -> pd.Series:
    """Name each photo's group: photos share one that have a copy's group in common (column group) or a given one.

    So do photos that others join: copies of a photo of Anna's in a group of Ben's make both one. The name comes from
    the first of the given names, by alphabet, so that more photos of Anna rename nothing; a group without a given
    name keeps the name that it has. Column given_group: text, or null for a photo that belongs to no such group.
    """
    if GIVEN_GROUP not in photos or photos[GIVEN_GROUP].isna().all():
        return photos["group"]
    component = _components(photos)
    first = photos[GIVEN_GROUP].groupby(component).transform("min")
    return first.map(_name, na_action="ignore").fillna(photos["group"])


def _name(given: str) -> str:
    return hashlib.sha256(f"given group {given}".encode()).hexdigest()[:16]


def _components(photos: pd.DataFrame) -> np.ndarray:
    """Number the components of photos that groups of either kind connect: an int per photo."""
    copies, names = pd.factorize(photos["group"])
    given, given_names = pd.factorize(photos[GIVEN_GROUP])
    has_group = given >= 0
    edges = copies[has_group], given[has_group] + len(names)
    size = len(names) + len(given_names)
    graph = coo_array((np.ones(has_group.sum(), bool), edges), shape=(size, size))
    components: np.ndarray = connected_components(graph, directed=False)[1][copies]
    return components
