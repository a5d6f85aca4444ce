"""Sphinx extensions of the book: how its pages are made, one concept a module."""
