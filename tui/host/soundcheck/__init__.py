"""Trying the sound devices in a separate process: levels of every input, record and play back, a test tone."""
