"""A look at a folder, and what it says: what changed, what is held, who may read it."""
