"""The console in a browser: a page of our own, a terminal in it, and the browser's microphone and loudspeaker.

Each visitor gets a program in a pseudo-terminal of their own (the program is a parameter; normally it is the
console) and two loopback ports at which that program finds the visitor's sound as ``tcp:`` source and sink.
"""
