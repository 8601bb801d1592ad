"""Words, sentences, names, and what people write in the box. Pure."""
