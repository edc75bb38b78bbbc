"""Random streams keyed by what a draw is for.

A stream depends on the study's seed and on the key alone (stage, mode, imputation, item), never on the analysis,
on cores, threads, executors or the order in which jobs run. Adding an imputation or a tree therefore adds streams
and changes none.
"""

from __future__ import annotations

import hashlib

import numpy as np

_WORD_BYTES = 4
_WORDS = 8


def seed_sequence(seed: int, *key: str | int) -> np.random.SeedSequence:
    """The seed sequence of one purpose.

    Parameters
    ----------
    seed : int
        The study's seed, not negative.
    *key : str or int
        What the draw is for, for instance ``("impute", "deployment", 3)``.

    Returns
    -------
    numpy.random.SeedSequence
        Entropy is the study's seed; the spawn key is a SHA-256 digest of the key, so that keys of any length and
        type are told apart (an int and the str of its digits are different keys).
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in key)
    digest = hashlib.sha256(text.encode()).digest()
    words = tuple(
        int.from_bytes(digest[i * _WORD_BYTES : (i + 1) * _WORD_BYTES], "little") for i in range(_WORDS)
    )
    return np.random.SeedSequence(entropy=seed, spawn_key=words)


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """The random generator (PCG64) of one purpose; see `seed_sequence`."""
    return np.random.Generator(np.random.PCG64(seed_sequence(seed, *key)))


def integer_seed(seed: int, *key: str | int) -> int:
    """An integer in [0, 2**31) for libraries that take ``random_state`` as an int; see `seed_sequence`."""
    return int(seed_sequence(seed, *key).generate_state(1, dtype=np.uint32)[0]) >> 1
