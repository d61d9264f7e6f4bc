"""What spoke for an answer: Grad-CAM, occlusion, and the training photos that look alike to the network."""
