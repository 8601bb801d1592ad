"""Word's documents: the final view of one, which unstructured then reads."""
