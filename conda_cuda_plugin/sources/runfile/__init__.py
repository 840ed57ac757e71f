"""The source `runfile`: NVIDIA's installers, unpacked without running them where that can be."""
