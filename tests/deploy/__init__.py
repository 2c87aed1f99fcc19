"""What it takes to run it: the image, Compose, CloudFormation, and the guide to them."""
