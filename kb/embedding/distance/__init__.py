"""An embedder at a distance: served to other hosts over HTTP with a key, and called there."""
