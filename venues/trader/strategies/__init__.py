"""Algorithms: a wanted side per closed candle."""
