"""From a question to an answer that can be checked, kept, and read again."""
