"""What the hooks are measured against: other ways to set the same variables."""
