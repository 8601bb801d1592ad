"""The Litestar service: an organisation's search portal."""
