"""What models answered to the parts that they were not trained on, and to what corruptions made of the test part."""
