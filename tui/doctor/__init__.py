"""`salesmind doctor`: what stands between this machine and a spoken conversation, and how to mend it.

Each check looks at the real thing: a device is opened, a server is logged in to, the speech service must have answered.
What was not tried is said to be so, and never counts as working.
"""
