"""From foreign archives and folders to conda packages."""
