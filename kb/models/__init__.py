"""The register of models: what is here, where it comes from, and how another one is added."""
