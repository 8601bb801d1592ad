"""The values that cross from room to room: frozen, small, without behaviour of their own."""
