"""Recurrent cells and sequences, LSTM and GRU, forward and backward over time."""

from deepkernels.recurrent.op import gru, gru_cell, lstm, lstm_cell

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell"]
