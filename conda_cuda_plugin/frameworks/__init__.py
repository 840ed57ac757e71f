"""PyTorch, TensorFlow, JAX and CuPy: the CUDA they were built for.

An environment comes in, `Framework`s go out, and the builds that a machine can run. Open
`table.py` first; each framework has one file.
"""
