"""What commands and HTTP share: JSON shapes, reasons and notices in words, how things stand."""
