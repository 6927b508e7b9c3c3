"""What every process of ours serves with; knows no domain."""
