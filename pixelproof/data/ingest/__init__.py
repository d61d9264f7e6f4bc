"""Every file of a source examined: the manifest, the quarantine, copies, and pictures of all of them."""
