"""The page: the network on the reader's own photos, and the article step by step."""
