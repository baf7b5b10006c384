"""The most that a config or a file of the user's may ask for: far above what anybody needs, and below what would stop a
machine. Messages name them."""

STEPS = 100_000
"""Frames of one sequence."""
PX = 100_000
"""px (or degrees) that anything may be long, moved or turned by."""
INPUT_SIZE = 8_192
"""px: width and height of what a network is shown."""
SHARDS = 100_000
"""Jobs that the pictures of a data set are divided into."""
RESAMPLES = 1_000_000
"""Draws of the bootstrap and of permutation tests."""
CLASSES = 1_000_000
"""Outputs of a network. A label that is not below this is none."""
BATCH = 65_536
"""Frames at a time."""
THREADS = 4_096
"""Threads of a job."""
EPOCHS = 100_000
"""Passes of a training over its pictures."""
RATE = 1_000.0
"""Learning rate and weight decay."""
COUNT = 1_000_000_000
"""Pictures, boxes and the like."""
SEED = 2**63 - 1
"""The seed, and every other whole number of a config, on either side of 0."""

FILE_BYTES = 1_000_000
"""Bytes of a YAML or JSON file of settings."""
DEPTH = 100
"""Mappings and lists inside each other."""
VALUES = 1_000_000
"""Values of a file of settings, those that an alias stands for counted wherever it stands."""
TEXT = 100_000
"""Characters of a single text."""
NAME_BYTES = 255
"""Bytes of one part of a path: what the file systems of Linux and macOS allow."""
PATH_BYTES = 4_000
"""Bytes of a whole path. Linux allows 4,095."""
FILES = 1_000_000
"""Files that a pattern such as `val-{000..009}.tar` stands for."""
