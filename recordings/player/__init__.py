"""Playing a recording in a separate process: the console may not load PortAudio."""
