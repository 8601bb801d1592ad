"""A run over one source: files side by side, publication in groups, one file never stops it."""
