"""What one job does, one module per stage, from fetching the pictures to a network's predictions."""
