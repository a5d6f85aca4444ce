"""From a waveform to mel-frequency cepstral coefficients, one small function for each step of the way."""

from numbers import Integral
from typing import Any

import numpy as np
from scipy.fft import dct


def hz_to_mel(hertz: np.ndarray | float) -> np.ndarray:
    r"""Return a pitch in mel, the scale on which equal steps sound equally large: :math:`2595\log_{10}(1 + f/700)`.

    >>> hz_to_mel([0, 1000, 4000]).round().tolist()
    [0.0, 1000.0, 2146.0]
    """
    return 2595.0 * np.log10(1.0 + np.asarray(hertz, dtype=np.float64) / 700.0)


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Return the frequency in hertz of a pitch in mel, the inverse of :func:`hz_to_mel`.

    >>> mel_to_hz(hz_to_mel([440.0])).round(6).tolist()
    [440.0]
    """
    return 700.0 * (10.0 ** (np.asarray(mel, dtype=np.float64) / 2595.0) - 1.0)


def spectrogram(signal: np.ndarray, size: int = 400, hop: int = 200) -> np.ndarray:
    """Cut a waveform into overlapping frames and return the power of each frequency in each of them.

    A frame of ``size`` samples starts every ``hop`` samples and is faded at both ends by Hann's window, so that its cut
    edges are not heard; its power spectrum is the squared magnitude of its Fourier transform.

    ``signal`` (samples,), at least ``size``. Returns (frames, size // 2 + 1), frequency k being k · rate / size hertz.
    ``ValueError`` for a signal that is too short or has other axes, a size below 2 and a hop below 1.

    >>> t = np.arange(800) / 8000  # a tenth of a second
    >>> power = spectrogram(np.sin(2 * np.pi * 1000 * t))
    >>> power.shape, (power.argmax(axis=1) * 8000 / 400).tolist()
    ((3, 201), [1000.0, 1000.0, 1000.0])
    """
    signal = np.asarray(signal, dtype=np.float64)
    numbers: tuple[Any, ...] = size, hop
    whole = all(isinstance(n, Integral) for n in numbers)
    if signal.ndim != 1 or not whole or size < 2 or len(signal) < size or hop < 1:
        raise ValueError(
            f"spectrogram: a signal of shape {signal.shape} with size={size} and hop={hop}; give (samples,) with at "
            "least size samples, size at least 2 and hop at least 1, whole numbers"
        )
    starts = np.arange(0, len(signal) - size + 1, hop)
    frames = signal[starts[:, None] + np.arange(size)]  # (frames, size)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.abs(np.fft.rfft(frames * window)) ** 2


def mel_filters(
    filters: int = 40, size: int = 400, rate: float = 8000.0, low: float = 0.0
) -> np.ndarray:
    """Return triangles over frequency whose corners are equally far apart on the mel scale, (filters, size // 2 + 1).

    Each rises from the peak of the one before to its own, where it is 1, and falls to the peak of the next. ``low`` is
    the lowest frequency in hertz, half of ``rate`` the highest. A triangle that is narrower than the frequencies are
    apart may have none of them under it, and then its row is 0: many filters need a large ``size``. ``ValueError`` if
    there is no filter, ``size`` is below 2, or ``low`` is not below half the rate.

    >>> weights = mel_filters(4, size=80)
    >>> weights.shape, weights.argmax(axis=1).tolist()
    ((4, 41), [3, 8, 15, 25])
    """
    if filters < 1 or size < 2 or not 0 <= low < rate / 2:
        raise ValueError(
            f"mel_filters: filters={filters}, size={size}, low={low}, rate={rate}; give at least 1 filter, a size of "
            "at least 2, and 0 <= low < rate / 2"
        )
    corners = mel_to_hz(np.linspace(hz_to_mel(low), hz_to_mel(rate / 2), filters + 2))
    frequencies = np.arange(size // 2 + 1) * rate / size
    left, peak, right = (corners[i : i + filters, None] for i in range(3))
    rising, falling = (frequencies - left) / (peak - left), (right - frequencies) / (right - peak)
    return np.maximum(0.0, np.minimum(rising, falling))


def decibels(power: np.ndarray, floor: float = 1e-10) -> np.ndarray:
    """Return power in decibels, 10 log₁₀; what is below ``floor`` counts as ``floor``.

    >>> decibels(np.array([1.0, 100.0, 0.0])).tolist()
    [0.0, 20.0, -100.0]
    """
    return 10.0 * np.log10(np.maximum(power, floor))


def mfcc(
    signal: np.ndarray,
    coefficients: int = 13,
    filters: int = 40,
    size: int = 400,
    hop: int = 200,
    rate: float = 8000.0,
) -> np.ndarray:
    """Return the mel-frequency cepstral coefficients of a waveform, (frames, coefficients).

    Power spectrum of each frame → sums under the mel triangles → decibels → discrete cosine transform (orthonormal,
    type II), of which the first ``coefficients`` are kept: they describe the outline of the spectrum, loudness first,
    and leave out its fine structure. ``ValueError`` for more coefficients than filters, and as :func:`spectrogram`.

    Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition" (1980).

    >>> mfcc(np.random.default_rng(0).normal(size=4000)).shape
    (19, 13)
    """
    if not 1 <= coefficients <= filters:
        raise ValueError(
            f"mfcc: coefficients={coefficients} of {filters} filters; give 1 to {filters}"
        )
    bands = spectrogram(signal, size, hop) @ mel_filters(filters, size, rate).T
    return dct(decibels(bands), type=2, norm="ortho", axis=1)[:, :coefficients]
