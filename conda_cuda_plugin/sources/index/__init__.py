"""A client for Python package indexes, as pip is configured to ask them.

It knows the index itself (PEP 503, 592, 658, 691, 700, 714), folders and pages of links. What it
does not understand, in pip's configuration or in an answer, it leaves to pip: `AskPip`.
"""
