"""What a model call costs, in US dollars, where the package `genai-prices` is installed and knows."""
