"""All runs that Git and DVC keep: found, delivered again, traced to their origin, reproduced."""
