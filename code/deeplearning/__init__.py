"""Deep Learning, Measured: the code that the chapters import."""
