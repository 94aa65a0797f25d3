"""Makes wire.jsonl: test vectors of the device datagram, from docs/wire.md alone.

The ciphers are those of the Python package `cryptography` (OpenSSL), not those of wardline-wire.

    python3 make_vectors.py > wire.jsonl
"""
import json
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITES = {"chacha20": (0x41, 32, ChaCha20Poly1305), "aes128gcm": (0x51, 16, AESGCM)}
DATA, ACK, SECRET, NAME = 0, 1, 2, 3
UNKNOWN = {"battery": 255, "accuracy_mm": 0xFFFFFFFF, "speed_cmps": 0xFFFF, "course_cdeg": 0xFFFF}
TIME = 1_790_000_000_000


def derive(secret, purpose, epoch, index, length):
    info = b"wardline v1" + struct.pack("<BBI", purpose, epoch, index)
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)


def secret_of(secret, epoch, index):
    for number in range(1, epoch + 1):
        secret = derive(secret, SECRET, number, index, 32)
    return secret


def seal(suite, okm, counter, header, plain):
    _, key_bytes, cipher = SUITES[suite]
    iv = okm[32:44]
    nonce = iv[:4] + bytes(a ^ b for a, b in zip(iv[4:], struct.pack(">Q", counter)))
    return nonce, header + cipher(okm[:key_bytes]).encrypt(nonce, plain, header)


def record_bytes(record):
    field = {"flags": 0, "code": 0, "fix_age_ds": 0, "lat_e7": 0, "lon_e7": 0, **UNKNOWN, **record}
    time = struct.pack("<Q", field["time_ms"])[:6]
    head = struct.pack("<IBBH", *(field[name] for name in ("rec_seq", "kind", "battery", "flags")))
    tail = struct.pack(
        "<BBiiIHH",
        *(field[name] for name in ("code", "fix_age_ds", "lat_e7", "lon_e7")),
        *(field[name] for name in ("accuracy_mm", "speed_cmps", "course_cdeg")),
    )
    assert len(head + time + tail) == 32
    return head + time + tail


def data(name, suite, shared, epoch, index, counter, ack_wanted, backlog, records):
    secret = secret_of(shared, epoch, index)
    okm = derive(secret, DATA, epoch, index, 44)
    bits = ack_wanted | backlog << 1
    header = struct.pack("<BBBBIQ", SUITES[suite][0], epoch, 0, bits, index, counter)
    plain = b"".join(record_bytes(record) for record in records)
    nonce, datagram = seal(suite, okm, counter, header, plain)
    assert len(datagram) == 32 + 32 * len(records)
    return {
        "name": name, "type": "data", "suite": suite, "secret": shared.hex(), "epoch": epoch,
        "index": index, "counter": counter, "ack_wanted": bool(ack_wanted),
        "backlog": bool(backlog), "epoch_secret": secret.hex(),
        "secret_name": int.from_bytes(derive(secret, NAME, epoch, index, 4), "little"),
        "key_iv": okm.hex(),
        "nonce": nonce.hex(), "records": records, "plain": plain.hex(),
        "datagram": datagram.hex(),
    }


def ack(name, suite, shared, epoch, index, counter, sent, fields):
    okm = derive(secret_of(shared, epoch, index), ACK, epoch, index, 44)
    header = struct.pack("<BBBBIQ", SUITES[suite][0] + 1, epoch, 0, 0, index, counter)
    last = fields["retry_s"] | fields["rekey"] << 14 | fields["raise_rate"] << 15
    plain = struct.pack(
        "<QIIQ", sent, *(fields[name] for name in ("durable_through", "seen_through", "bits"))
    )
    plain += struct.pack("<Q", fields["server_time_ms"])[:6] + struct.pack("<H", last)
    nonce, datagram = seal(suite, okm, counter, header, plain)
    assert len(datagram) == 64
    return {
        "name": name, "type": "ack", "suite": suite, "secret": shared.hex(), "epoch": epoch,
        "index": index, "counter": counter, "answers": sent, **fields, "key_iv": okm.hex(),
        "nonce": nonce.hex(), "plain": plain.hex(), "datagram": datagram.hex(),
    }


def fix(number, **fields):
    place = {"lat_e7": 428_700_000 + number, "lon_e7": 745_900_000 - 7 * number}
    return {"rec_seq": number, "kind": 1, "flags": 1, "time_ms": TIME, "code": 9, **place, **fields}


def vectors():
    plain_secret = bytes(range(32))
    other_secret = bytes(255 - 5 * n % 251 for n in range(32))
    full = fix(
        1, battery=83, flags=0b10001000001, fix_age_ds=12, lat_e7=-338_688_197,
        lon_e7=-1_512_092_955, accuracy_mm=4_500, speed_cmps=137, course_cdeg=27_512,
    )
    statuses = [
        {"rec_seq": 2, "kind": 2, "time_ms": TIME + 1, "code": 4},
        {"rec_seq": 3, "kind": 3, "time_ms": TIME + 2, "code": 1, "flags": 1 << 8},
        {"rec_seq": 4, "kind": 4, "time_ms": TIME + 3},
    ]
    answer = {
        "durable_through": 43, "seen_through": 43, "bits": 0x8000_0000_0000_0002,
        "server_time_ms": TIME + 250, "retry_s": 16_383, "rekey": True, "raise_rate": False,
    }
    calm = {
        "durable_through": 2**32 - 2, "seen_through": 3, "bits": 0, "server_time_ms": TIME,
        "retry_s": 0, "rekey": False, "raise_rate": True,
    }
    for suite in SUITES:
        yield data(f"{suite}: one fix", suite, plain_secret, 0, 5, 1, 1, 0, [fix(1)])
        yield data(f"{suite}: every field", suite, other_secret, 0, 0, 2**40 + 7, 0, 1, [full])
        yield data(f"{suite}: statuses", suite, other_secret, 1, 2**31, 2, 1, 0, statuses)
        longest = [fix(number) for number in range(1, 38)]
        yield data(f"{suite}: 37 fixes", suite, plain_secret, 3, 77, 2**64 - 2, 1, 0, longest)
        yield data(f"{suite}: epoch 255", suite, other_secret, 255, 9, 12, 1, 0, [fix(6)])
        yield ack(f"{suite}: ack", suite, plain_secret, 0, 5, (TIME + 250) << 20, 1, answer)
        yield ack(f"{suite}: ack of epoch 2", suite, other_secret, 2, 2**31, 5, 900, calm)


for vector in vectors():
    print(json.dumps(vector, separators=(",", ":")))
