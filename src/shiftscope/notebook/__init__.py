"""shiftscope from Python: measure a network on pictures, and open what a run of the workflow has left."""
