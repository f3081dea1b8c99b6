"""Data models and calibration pipelines for telescope data."""

__version__ = "0.1.0"
