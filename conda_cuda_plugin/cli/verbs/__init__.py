"""One file per verb: its options, and what it prints."""
