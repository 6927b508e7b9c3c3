"""What PM and a trader agree on: pure values and rules, no Django, no I/O."""
