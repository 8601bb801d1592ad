"""A model's way into use: built beside the one of before, compared with it, switched to."""
