"""Commands of `manage.py` for PM."""
