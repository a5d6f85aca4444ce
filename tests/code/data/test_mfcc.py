"""Each step of the way to MFCC against SciPy or a closed form."""

import numpy as np
import pytest
import scipy.signal

from comparison import assert_close
from deeplearning.data.mfcc import decibels, hz_to_mel, mel_filters, mel_to_hz, mfcc, spectrogram

SIGNAL = np.random.default_rng(4).normal(size=2000)


def test_the_mel_scale() -> None:
    assert hz_to_mel(0.0) == 0
    assert hz_to_mel(1000.0) == pytest.approx(
        1000, abs=0.02
    )  # by definition, up to the constants' digits
    frequencies = np.linspace(0, 4000, 9)
    assert_close(mel_to_hz(hz_to_mel(frequencies)), frequencies, length=9)


def test_the_spectrogram_is_scipys() -> None:
    window = scipy.signal.get_window("hann", 400)  # periodic, as ours
    theirs = scipy.signal.ShortTimeFFT(window, hop=200, fs=8000, mfft=400)
    expected = np.abs(theirs.stft(SIGNAL)[:, theirs.lower_border_end[1] :]) ** 2
    ours = spectrogram(SIGNAL)
    # SciPy's first frames lie half before the signal; ours are those that lie wholly in it.
    assert_close(ours, expected.T[: len(ours)], length=400 * 400)


@pytest.mark.parametrize("samples", [400, 599, 600, 2000])
def test_the_number_of_frames(samples: int) -> None:
    assert spectrogram(SIGNAL[:samples]).shape == (1 + (samples - 400) // 200, 201)


def test_filters_cover_every_frequency_once() -> None:
    """Between the first and the last peak the neighbouring triangles add up to 1."""
    weights = mel_filters(10, size=800)
    peaks = mel_to_hz(np.linspace(0, hz_to_mel(4000.0), 12))[[1, 10]]
    frequencies = np.arange(401) * 10.0
    inside = (frequencies >= peaks[0]) & (frequencies <= peaks[1])
    assert_close(weights.sum(axis=0)[inside], np.ones(inside.sum()), length=10)
    assert (weights >= 0).all()


def test_coefficients_are_the_cosines_written_out() -> None:
    bands = decibels(spectrogram(SIGNAL) @ mel_filters(20).T)
    n = np.arange(20)
    cosines = np.array([np.cos(np.pi * k * (2 * n + 1) / 40) for k in range(6)])
    scale = np.where(np.arange(6) == 0, np.sqrt(1 / 20), np.sqrt(2 / 20))
    assert_close(mfcc(SIGNAL, 6, 20), bands @ (cosines * scale[:, None]).T, length=20)


def test_loudness_moves_the_first_coefficient_only() -> None:
    change = mfcc(10 * SIGNAL) - mfcc(SIGNAL)
    assert_close(change[:, 0], np.full(len(change), 20 * np.sqrt(40)), length=400)
    assert_close(change[:, 1:], np.zeros((len(change), 12)), length=400 * 40)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spectrogram(SIGNAL[:399]), r"a signal of shape \(399,\) with size=400"),
        (lambda: spectrogram(SIGNAL[None]), r"shape \(1, 2000\)"),
        (lambda: spectrogram(SIGNAL, hop=0), "hop=0"),
        (lambda: spectrogram(SIGNAL, size=400.0), "size=400.0 and hop=200; give .* whole numbers"),
        (lambda: mel_filters(size=0), "size=0, low=0.0, .*a size of at least 2"),
        (lambda: mel_filters(0), "filters=0"),
        (lambda: mel_filters(low=4000.0), "low=4000"),
        (lambda: mfcc(SIGNAL, 41), "coefficients=41 of 40 filters; give 1 to 40"),
    ],
)
def test_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
