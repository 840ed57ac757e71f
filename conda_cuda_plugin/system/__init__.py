"""The operating system: files, locks, threads, and the progress bar.

Paths and bytes come in; whatever another user may have planted is refused on the way. Open
`files.py` first: nothing else in the package changes the file system.
"""
