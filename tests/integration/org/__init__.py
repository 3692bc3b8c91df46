"""The org as it is brought to what WeCom says, and told of past moments."""
