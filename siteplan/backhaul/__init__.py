"""What the chosen stations need besides a structure: fibre along the roads, rooms, and electricity."""
