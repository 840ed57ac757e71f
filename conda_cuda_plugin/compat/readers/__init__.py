"""How each framework tells the CUDA it was built for, one file each."""
