"""What a training run leaves behind: one number an epoch."""

from dataclasses import dataclass, field


@dataclass
class History:
    """Measurements of a training run, one entry an epoch.

    ``train_loss`` is the mean loss over the epoch's batches as they were trained on, ``validation_accuracy`` is empty
    without validation data, ``seconds`` is the time of the epoch's training without its validation.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """Number of epochs that have run."""
        return len(self.train_loss)

    @property
    def best_epoch(self) -> int:
        """Index of the epoch with the highest validation accuracy, the earliest of equals."""
        if not self.validation_accuracy:
            raise ValueError("best_epoch: nothing was validated; give fit(validation=(x, y))")
        return self.validation_accuracy.index(max(self.validation_accuracy))
