"""Leaving: a knowledge base as a folder that other programs read, and back from one."""
