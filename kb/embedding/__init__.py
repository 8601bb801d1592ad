"""Texts to vectors: the model, the process that has it, and whoever calls that."""
