"""Where photos come from: folders and archives, read without being changed, and the label and part of each file."""
