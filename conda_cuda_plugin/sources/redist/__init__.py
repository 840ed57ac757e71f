"""The source `redist`: NVIDIA's manifests and the archives they list."""
