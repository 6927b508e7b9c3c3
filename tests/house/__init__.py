"""Proofs of the house: imports, style, the contract, what every process serves with."""
