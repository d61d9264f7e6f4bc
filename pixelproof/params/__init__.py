"""The schema of params.yaml: a module for each section, `section` for what they share, `whole` for all of them."""
