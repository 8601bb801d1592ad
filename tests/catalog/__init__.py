"""The catalog on each of its databases."""
