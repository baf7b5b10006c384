"""How a data set is framed: statistics of boxes."""
