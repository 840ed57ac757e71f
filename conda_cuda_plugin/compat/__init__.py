"""What will run here: the machine, the frameworks, and the verdict on a release."""
