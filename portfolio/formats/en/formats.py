"""Times in UTC to the second, as on every other page."""

DATETIME_FORMAT = "Y-m-d H:i:s \\U\\T\\C"
