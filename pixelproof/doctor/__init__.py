"""What is wrong with an installation and a project: checks by subject, each finding with its remedy."""
