"""`salesmind doctor`: what keeps this machine from holding a spoken conversation, and how to fix it.

Each check tries the real thing: it opens the device, logs in to the server, hears from the speech service.
What was not tried is reported as such, and never counts as working.
"""
