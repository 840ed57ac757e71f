"""Where toolkits come from: one file per source, one protocol, one table."""
