"""The error of this room."""


class RecordError(ValueError):
    """A record that cannot be read or written; the message names the file and what to do."""
