"""Exact CUDA environments as files: `export`, `apply` and `mirror`.

An environment becomes a file, and a file an environment. Open `cuda_file.py` first, then
`export.py` and `apply.py`. A file for all of an environment is in
`environment_yml.py`.
"""
