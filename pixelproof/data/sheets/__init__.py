"""Picture sheets with captions: PNG files of tiles in rows."""
