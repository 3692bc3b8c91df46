"""What every request and answer has in common: cookies, words, cursors, errors."""
