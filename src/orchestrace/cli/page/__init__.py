"""The page that `orchestrace show --html` writes."""
