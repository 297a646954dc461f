"""Engines that keep things: one folder each, one file per engine."""
