"""How the administration writes times."""
