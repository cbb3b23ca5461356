"""Visitors of a demo box: accounts that exist for the length of a visit, made and removed on the word of the box."""
