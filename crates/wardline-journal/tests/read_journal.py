#!/usr/bin/env python3
"""Reads a journal as docs/journal.md describes it, with nothing but the standard library.

read_journal.py FOLDER: verifies both logs, and prints each fix with its position, the size and head
of the evidence, and whether the last checkpoint agrees. Shares nothing with the crate.
"""
import base64
import hashlib
import os
import struct
import sys

CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sha(data):
    return hashlib.sha256(data).digest()


def times_two(x):
    return (x << 1 ^ (0x1B if x & 0x80 else 0)) & 0xFF


def make_sbox():
    """FIPS 197, section 5.1.1: the inverse in GF(2^8), then an affine map."""
    power, log, x = [0] * 256, [0] * 256, 1
    for exponent in range(255):
        power[exponent], log[x] = x, exponent
        x ^= times_two(x)
    box = []
    for value in range(256):
        b = power[(255 - log[value]) % 255] if value else 0
        turned = b
        for turn in range(1, 5):
            turned ^= (b << turn | b >> (8 - turn)) & 0xFF
        box.append(turned ^ 0x63)
    return box


SBOX = make_sbox()


def expand(key):
    words, rcon = [key[i : i + 4] for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ rcon]) + word[1:]
            rcon = times_two(rcon)
        elif i % 8 == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(words[-8], word)))
    return [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]


def encrypt(rounds, block):
    state = [a ^ b for a, b in zip(block, rounds[0])]
    for index, key in enumerate(rounds[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if index < 14:
            mixed = []
            for c in range(0, 16, 4):
                col = state[c : c + 4]
                total = col[0] ^ col[1] ^ col[2] ^ col[3]
                mixed += [col[i] ^ total ^ times_two(col[i] ^ col[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


class Take:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, length):
        assert self.at + length <= len(self.data), "too short"
        self.at += length
        return self.data[self.at - length : self.at]

    def of(self, form):
        return struct.unpack("<" + form, self.raw(struct.calcsize("<" + form)))[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.of("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)


def read_keys(folder, prefix, log):
    with open(os.path.join(folder, prefix + ".keys"), "rb") as file:
        data = file.read()
    assert data[:8] == b"WARDKEY1" and data[8:24] == log
    assert crc32c(data[:24]) == struct.unpack("<I", data[24:28])[0]
    keys = {}
    for start in range(28, len(data), 62):
        line = data[start : start + 62]
        if crc32c(log + line[:58]) == struct.unpack("<I", line[58:])[0] and line[25] == 0:
            keys[struct.unpack("<Q", line[:8])[0]] = line[26:58]
    return keys


def read_log(folder, prefix, kind):
    """Yields each entry: its number or None, the salt and its place in the frame, its bytes."""
    chain, following, log, names = None, None, None, sorted(os.listdir(folder))
    names = [n for n in names if n.startswith(prefix + "-") and n.endswith(".log")]
    for number, name in enumerate(names, 1):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        head = data[:92]
        assert head[:8] == b"WARDLOG1" and struct.unpack("<II", head[8:16]) == (1, kind)
        assert crc32c(head[:88]) == struct.unpack("<I", head[88:])[0]
        assert struct.unpack("<Q", head[32:40])[0] == number
        if number == 1:
            log, chain = head[16:32], sha(head[:56])
            following = struct.unpack("<Q", head[40:48])[0]
        assert head[16:32] == log and head[56:88] == chain
        assert struct.unpack("<Q", head[40:48])[0] == following
        at = 92
        while at < len(data):
            frame = data[at : at + 52]
            assert frame[:4] == b"WFRM"
            length, first, numbered, entries = struct.unpack("<IQII", frame[4:24])
            salt = frame[32:40]
            assert crc32c(log + frame[:48]) == struct.unpack("<I", frame[48:])[0]
            end = at + 52 + length
            chain = sha(chain + data[at:end])
            assert data[end : end + 32] == chain
            whole = struct.unpack("<I", data[end + 32 : end + 36])[0]
            assert crc32c(log + data[at : end + 32]) == whole and first == following
            payload, place = Take(data[at + 52 : end]), 0
            while payload.at < length:
                entry = payload.raw(payload.varint())
                is_note = entry[0] in (32, 33, 34, 35) and kind == 1
                yield None if is_note else following, log, salt, place, entry
                following, place = following + (not is_note), place + 1
            assert (following - first, place) == (numbered, entries)
            at = end + 36


def opened(key, salt, place, sealed):
    rounds, out = expand(key), b""
    for block in range(0, len(sealed), 16):
        mask = encrypt(rounds, salt + struct.pack("<II", place, block // 16))
        out += bytes(a ^ b for a, b in zip(sealed[block : block + 16], mask))
    return out


def print_inputs(folder):
    keys, named = None, {}
    for number, log, salt, place, entry in read_log(folder, "input", 1):
        keys = keys or read_keys(folder, "input", log)
        take = Take(entry)
        kind = take.of("B")
        if kind == 32:
            key, _, _ = take.varint(), take.of("B"), take.varint()
            named[key] = take.raw(32)
        if kind == 35:
            heard = [take.varint(), take.of("q"), take.varint(), take.of("B"), take.of("I")]
            heard += [take.of("q")] if take.of("B") else []
            assert take.at == len(entry)
            print("heard", *heard)
        if kind & 0x7F != 7:
            continue
        received = take.of("q") if kind & 0x80 else 0
        key, device, counter = take.varint(), take.varint(), take.varint()
        time = received + take.signed()
        take.raw(3)
        if key not in keys:
            print("fix", number, device, counter, time, "forgotten")
            continue
        assert sha(b"wardline key" + keys[key]) == named[key]
        clear = Take(opened(keys[key], salt, place, take.raw(len(entry) - take.at)))
        print("fix", number, device, counter, time, clear.of("i"), clear.of("i"))


def head_of(leaves):
    """MTH of RFC 6962."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\x01" + head_of(leaves[:split]) + head_of(leaves[split:]))


def print_evidence(folder):
    leaves = [sha(b"\0" + e) for _, _, _, _, e in read_log(folder, "evidence", 2)]
    print("evidence", len(leaves), head_of(leaves).hex())
    with open(os.path.join(folder, "evidence.checkpoints"), encoding="utf-8") as file:
        _, size, root = file.read().split("\n\n")[-3].split("\n")
    agrees = head_of(leaves[: int(size)]) == base64.b64decode(root)
    print("checkpoint", size, "agrees" if agrees else "DIFFERS")


print_inputs(sys.argv[1])
print_evidence(sys.argv[1])
