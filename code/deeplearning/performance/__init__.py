"""Performance: what a layer must cost, what this machine can do at most, and how to time without fooling oneself."""
