"""Items of TAPD: what was done to them, who hears of it, and what each prefers."""
