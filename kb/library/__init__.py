"""The folders that are followed and the documents in them, as people see them."""
