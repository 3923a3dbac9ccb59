"""The agents file: what a program's functions are, said from outside of it, and how that is put into force."""
