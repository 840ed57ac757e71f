"""Exact CUDA environments as files: `export`, `apply` and `mirror`.

An environment becomes a file, and a file an environment. Open `cuda_file.py` first, then
`export.py` and `apply.py`. A file for all of an environment is in
`environment_yml.py`.
"""

FORMAT = "cuda-environment"
"""What conda calls the format of a file for an environment and its toolkit."""
FILES = (f"{FORMAT}.yml", f"{FORMAT}.yaml")
"""The names by which conda knows the format."""
