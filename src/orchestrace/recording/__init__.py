"""One call, from its first byte to its last: what begins, what is current meanwhile, and how it ends."""
