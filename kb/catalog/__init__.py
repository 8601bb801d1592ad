"""The catalog is the truth: sources, documents, versions, chunks, vectors, people, answers."""
