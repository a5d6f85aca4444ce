"""The error of this room."""


class ExperimentError(ValueError):
    """An experiment or a setting that cannot be used; the message says what is accepted."""
