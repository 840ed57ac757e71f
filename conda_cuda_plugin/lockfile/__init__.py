"""Exact CUDA environments as files: `export`, `apply` and `mirror`.

An environment becomes a file, and a file an environment. Open `cuda_file.py` first, then
`export.py` and `apply.py`.
"""
