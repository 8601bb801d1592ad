"""Heavy libraries live in processes of their own; this room starts, finds and calls them."""
