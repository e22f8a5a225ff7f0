"""Random seeds derived from what a random number is for, never from global state."""

import hashlib


def derive_seed(*identity: str | int | float) -> int:
    """Return a 63-bit seed that depends on every part of `identity` and on nothing else."""
    digest = hashlib.blake2b(repr(identity).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
