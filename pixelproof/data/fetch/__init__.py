"""Named data sets and archives from the web, brought to the disk."""
