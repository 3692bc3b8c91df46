"""The rules, by noun: values in, decisions out; no clock, no chance, nothing asked."""
