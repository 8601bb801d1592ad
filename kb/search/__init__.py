"""From a question to passages that its asker may read."""
