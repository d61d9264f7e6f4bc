"""Results on the test part: metrics, intervals, the paired comparison, pictures, tables."""
