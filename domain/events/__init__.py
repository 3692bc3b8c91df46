"""What an event says, and whether WeCom's answer to it is one of before or after."""
