"""What tests share: builders, doubles, benches and drivers."""
