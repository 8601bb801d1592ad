"""What commands and HTTP share: JSON shapes, reasons in words, how things stand."""
