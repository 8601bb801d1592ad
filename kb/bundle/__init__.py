"""All of an installation in one file, for a host without a network: made here, installed there."""
