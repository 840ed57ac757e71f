"""One CUDA toolkit for each conda environment."""

__version__ = "0.1.0"
