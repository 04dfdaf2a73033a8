"""The cost of a million conversations on Azure: requests that a test measures, at list prices with their dates."""
