"""How a recording follows a body: one driver for each colour that a body can have, and nothing else knows colours."""
