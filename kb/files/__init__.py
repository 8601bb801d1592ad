"""Files on disk: blobs, originals, uploads, copies for a while, children that read them."""
