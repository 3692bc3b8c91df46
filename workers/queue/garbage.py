"""How often a worker looks for garbage: rarely, and never among what was imported.

A full read makes a handful of small values for each member, none of them in a cycle.
Python looks for cycles after every 700 of them, and now and then among all that the
process has ever imported: a quarter of the CPU of a quiet read.
"""

import gc

# So many values are made before the newest are looked at: some megabytes of them.
_NEWEST = 20_000
_ROUNDS = 20


def collect_rarely() -> None:
    """Leave alone what is there now, and look at the rest less often.

    Repeats: harmless.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEWEST, _ROUNDS, _ROUNDS)
