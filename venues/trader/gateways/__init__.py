"""What gateways of different venues have in common: stream, clock, belief, last permission."""
