"""What the test part says: metrics, intervals, the paired comparison, pictures, tables."""
