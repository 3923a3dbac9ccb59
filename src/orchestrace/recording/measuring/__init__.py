"""What is measured of calls and runs: metrics, which hold no words and nothing that there is much of."""
