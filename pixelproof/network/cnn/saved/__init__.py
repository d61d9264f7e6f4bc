"""The CNN as it was saved: loaded, compared with its plan, asked."""
