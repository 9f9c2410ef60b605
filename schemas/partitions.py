"""Kafka's own partitioner, so that a device's reports stay in one partition whoever writes them."""


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 hash as Apache Kafka computes it (seed 0x9747b28c)."""
    length, m, mask = len(data), 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    tail = data[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a key: toPositive(murmur2(key)) mod n."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
