"""Outside PM's door: traders, exchanges, and what PM and a trader agree on."""
