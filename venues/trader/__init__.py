"""The trader process: engine, kill switch, API, page."""
