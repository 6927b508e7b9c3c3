"""The refusal of a whole action: {"status": "err"} inside an HTTP 200."""


class Refusal(Exception):
    """An action that the venue does not carry out; its text is the venue's sentence."""
