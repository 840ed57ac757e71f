"""One CUDA toolkit for each conda environment."""

__version__ = "0.1.0"

# conda asks for formats at every command; here they cost it no module more.
FORMAT = "cuda-environment"
"""What conda calls the format of a file for an environment and its toolkit."""
FILES = (f"{FORMAT}.yml", f"{FORMAT}.yaml")
"""The names by which conda knows the format."""
