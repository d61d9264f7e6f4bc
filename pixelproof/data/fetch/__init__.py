"""Download of named data sets and of archives from the web."""
