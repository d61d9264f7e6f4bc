"""What Git and DVC keep of the project: earlier outputs, clones."""
