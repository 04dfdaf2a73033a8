"""What a million conversations cost on Azure: requests that a test measures, at list prices with their dates."""
