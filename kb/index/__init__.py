"""The index: a cache of the catalog that can be searched; two engines behind one Protocol."""
