"""The sound of a recording, played in a process of its own: the console may not load PortAudio."""
