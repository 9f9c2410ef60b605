"""The vocabulary: what flows between the rooms, its codes, its topics, its errors."""
