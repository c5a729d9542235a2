"""What other packages are asked to do, in their own words."""
