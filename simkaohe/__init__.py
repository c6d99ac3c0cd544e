"""Simulate assessment schemes: what a change of the scheme does to the ranking."""

__version__ = "0.1.0"
