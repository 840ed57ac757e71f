"""What the commands do, without a word printed: request → source → plan → install → switch."""
