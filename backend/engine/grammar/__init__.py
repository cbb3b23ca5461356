"""What sentences ask for and answers tell, by everyday grammar rather than by the matter spoken of. Pure."""
