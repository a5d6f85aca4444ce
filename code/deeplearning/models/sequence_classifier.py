"""A recurrent network that reads a sequence of any length and gives one answer, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn

CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
READ_OUTS = ("last", "mean")


def sequence_classifier(
    cell: str = "lstm",
    channels: int = 13,
    hidden: int = 64,
    classes: int = 10,
    *,
    bidirectional: bool = False,
    packed: bool = True,
    read_out: str = "last",
    dropout: float = 0.0,
    nn: Any = own_nn,
) -> Any:
    r"""Make a network of one recurrent layer and a linear layer that reads sequences of unequal length.

    The layer turns the frames :math:`\mathbf{x}_1, \dots, \mathbf{x}_T` of a sequence into states
    :math:`\mathbf{h}_1, \dots, \mathbf{h}_T`. Read out is the last state that belongs to a real frame,
    :math:`\mathbf{z} = \mathbf{h}_T`, or the mean over the real frames,
    :math:`\mathbf{z} = \sum_t m_t \mathbf{h}_t / \sum_t m_t`; a linear layer makes scores of it. With both directions,
    each frame has two states side by side, and the last of the second is the one at the first frame.

    ``cell`` is "rnn", "lstm" or "gru", ``channels`` C the numbers of a frame, ``hidden`` H those of a state of one
    direction, ``classes`` is K. ``read_out`` is "last" or "mean"; while training, ``dropout`` acts on what is read out.
    With ``packed`` the layer never sees the padding; without, it reads through it and the states there are left out
    afterwards, which gives the same scores at a higher cost and is refused for both directions, because the second one
    would begin in the padding. ``nn`` is the namespace of an engine, and the result its module.

    Input (N, C + 1, L): the last channel is the mask, 1 for a frame and 0 for the padding after it. Output scores
    (N, K). ``model.over_time(x)`` gives the scores after every frame, (N, L, K), for one direction and the last state.
    ``ValueError`` for other settings, for inputs of another shape and for a sequence without a frame.

    >>> import torch
    >>> network = sequence_classifier("gru", nn=torch.nn)
    >>> network(torch.ones(2, 14, 30)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 15818)
    """
    if cell not in CELLS:
        raise ValueError(f"sequence_classifier: cell={cell!r}; give {', '.join(map(repr, CELLS))}")
    if read_out not in READ_OUTS:
        raise ValueError(f"sequence_classifier: read_out={read_out!r}; give 'last' or 'mean'")
    if bidirectional and not packed:
        raise ValueError(
            "sequence_classifier: bidirectional=True with packed=False; the reverse direction would begin in the "
            "padding, so give packed=True"
        )

    class SequenceClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = getattr(nn, CELLS[cell])
            self.recurrent = layer(channels, hidden, batch_first=True, bidirectional=bidirectional)
            self.dropout = nn.Dropout(dropout)
            self.score = nn.Linear(hidden * (1 + bidirectional), classes)

        def forward(self, x: Any) -> Any:
            frames, mask, lengths = self.parts(x)  # (N, L, C), (N, L, 1), N integers
            states, last = self.read(frames, lengths)  # (N, L, D · H), (N, D · H)
            if read_out == "mean":
                last = (states * mask).sum(1) / mask.sum(1)
            return self.score(self.dropout(last))  # (N, K)

        def read(self, frames: Any, lengths: list[int]) -> tuple[Any, Any]:
            """Every state, and of each sequence the last one that belongs to a real frame."""
            if not packed:
                states, _ = self.recurrent(frames)
                ends = [length - 1 for length in lengths]
                return states, states[list(range(len(ends))), ends]
            rnn = nn.utils.rnn
            rows = rnn.pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
            rows, last = self.recurrent(rows)
            last = last[0] if cell == "lstm" else last  # (D, N, H); the LSTM's cell is not read
            states, _ = rnn.pad_packed_sequence(
                rows, batch_first=True, total_length=frames.shape[1]
            )
            return states, last.transpose(0, 1).reshape(len(lengths), -1)

        def over_time(self, x: Any) -> Any:
            if bidirectional or read_out != "last":
                raise ValueError(
                    "SequenceClassifier: over_time answers from the state of one direction after each frame; make the "
                    "network with bidirectional=False and read_out='last'"
                )
            frames, _, lengths = self.parts(x)
            return self.score(self.dropout(self.read(frames, lengths)[0]))  # (N, L, K)

        def parts(self, x: Any) -> tuple[Any, Any, list[int]]:
            """Take the frames, their mask and the lengths out of one array."""
            if len(x.shape) != 3 or x.shape[1] != channels + 1:
                raise ValueError(
                    f"SequenceClassifier: an input of shape {tuple(x.shape)}; give (N, {channels + 1}, L) with the "
                    "mask as the last channel, as data.with_mask(*data.pad(sequences)) makes it"
                )
            if not len(x):
                raise ValueError(
                    f"SequenceClassifier: an input of shape {tuple(x.shape)}; give at least one sequence"
                )
            rows = x.transpose(1, 2)  # (N, L, C + 1)
            frames, mask = rows[:, :, :channels], rows[:, :, channels:]
            lengths = [int(count) for (count,) in mask.sum(1).tolist()]
            if min(lengths) < 1:
                raise ValueError(
                    f"SequenceClassifier: sequence {lengths.index(min(lengths))} has no frame; its mask is 0 "
                    "everywhere, leave it out"
                )
            return frames, mask, lengths

    return SequenceClassifier()
