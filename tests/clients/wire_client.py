"""A device that sends version 1 datagrams over UDP and checks the acknowledgements.

Written from docs/wire.md alone, with the ciphers of the Python package `cryptography`.

    python3 wire_client.py HOST PORT INDEX SECRET COUNT [--suite aes128gcm] [--epoch 1] ...

It ends with 0 if each of COUNT datagrams was acknowledged as durable, else with 1.
"""
import argparse
import socket
import struct
import sys
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITES = {"chacha20": (0x41, 32, ChaCha20Poly1305), "aes128gcm": (0x51, 16, AESGCM)}
DATA, ACK, NEXT_SECRET = 0, 1, 2
FIX, GNSS = 1, 1


class Refused(Exception):
    """An acknowledgement that is none of ours."""


class Device:
    def __init__(self, index, secret, suite, epoch, counter, rec_seq):
        self.index, self.epoch, self.counter, self.rec_seq = index, epoch, counter, rec_seq
        self.first_type, self.key_bytes, self.cipher = SUITES[suite]
        self.acked = counter
        for number in range(1, epoch + 1):
            secret = self.derive(secret, NEXT_SECRET, number, 32)
        self.data_key = self.derive(secret, DATA, epoch, 44)
        self.ack_key = self.derive(secret, ACK, epoch, 44)

    def derive(self, secret, purpose, epoch, length):
        info = b"wardline v1" + struct.pack("<BBI", purpose, epoch, self.index)
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)

    def nonce(self, key_iv, counter):
        number = int.from_bytes(key_iv[32:], "big") ^ counter
        return number.to_bytes(12, "big")

    def datagram(self, records):
        self.counter += 1
        header = struct.pack(
            "<BBBBIQ", self.first_type, self.epoch, 0, 1, self.index, self.counter
        )
        cipher = self.cipher(self.data_key[: self.key_bytes])
        nonce = self.nonce(self.data_key, self.counter)
        return header + cipher.encrypt(nonce, b"".join(records), header)

    def fix(self, lat_e7, lon_e7):
        record = struct.pack("<IBBH", self.rec_seq, FIX, 255, GNSS)
        record += struct.pack("<Q", time.time_ns() // 1_000_000)[:6]
        record += struct.pack("<BBiiIHH", 8, 0, lat_e7, lon_e7, 5_000, 0, 0xFFFF)
        self.rec_seq = (self.rec_seq + 1) % 2**32
        return record

    def open_ack(self, datagram):
        if len(datagram) != 64:
            raise Refused(f"{len(datagram)} bytes")
        kind, epoch, reserved, bits, index, counter = struct.unpack("<BBBBIQ", datagram[:16])
        if (kind, reserved, bits) != (self.first_type + 1, 0, 0):
            raise Refused(f"header {datagram[:16].hex()}")
        if (epoch, index) != (self.epoch, self.index):
            raise Refused(f"for index {index}, epoch {epoch}")
        cipher = self.cipher(self.ack_key[: self.key_bytes])
        try:
            nonce = self.nonce(self.ack_key, counter)
            plain = cipher.decrypt(nonce, datagram[16:], datagram[:16])
        except InvalidTag:
            raise Refused("the tag does not fit") from None
        answers, durable, seen, seen_bits = struct.unpack("<QIIQ", plain[:24])
        if not self.acked < answers <= self.counter:
            raise Refused(f"answers {answers}")
        self.acked = answers
        (advice,) = struct.unpack("<H", plain[30:])
        return {
            "answers": answers,
            "durable_through": durable,
            "seen_through": seen,
            "seen_bits": seen_bits,
            "server_time_ms": int.from_bytes(plain[24:30], "little"),
            "retry_s": advice & 0x3FFF,
            "rekey": bool(advice & 0x4000),
            "raise_rate": bool(advice & 0x8000),
        }


def is_through(through, rec_seq):
    """Whether a number is not above another, on the circle of 32 bits."""
    return (through - rec_seq) % 2**32 < 2**31


def exchange(device, link, records_each, place, wait_s):
    """Sends one datagram until it is acknowledged as durable; gives the acknowledgement."""
    records = [device.fix(*place) for _ in range(records_each)]
    last = (device.rec_seq - 1) % 2**32
    for _ in range(5):
        link.send(device.datagram(records))
        until = time.monotonic() + wait_s
        while (left_s := until - time.monotonic()) > 0:
            link.settimeout(left_s)
            try:
                ack = device.open_ack(link.recv(2048))
            except (TimeoutError, ConnectionError):
                break
            except Refused as refused:
                print(f"not an acknowledgement of ours: {refused}", file=sys.stderr)
                continue
            if is_through(ack["durable_through"], last):
                return ack
            break
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("index", type=int)
    parser.add_argument("secret", type=bytes.fromhex, help="64 hexadecimal digits")
    parser.add_argument("count", type=int, help="datagrams")
    parser.add_argument("--suite", choices=SUITES, default="chacha20")
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--records", type=int, default=1, help="in each datagram, 1 to 37")
    parser.add_argument("--rec-seq", type=int, default=1, help="the number of the first record")
    parser.add_argument("--counter", type=int, help="the last one used; by default the time")
    parser.add_argument("--lat", type=float, default=42.87)
    parser.add_argument("--lon", type=float, default=74.59)
    parser.add_argument("--wait", type=float, default=2.0, help="for an acknowledgement, seconds")
    given = parser.parse_args()
    # A restarted device must not use a counter again; the clock in microseconds outruns it.
    counter = time.time_ns() // 1000 if given.counter is None else given.counter
    device = Device(
        given.index, given.secret, given.suite, given.epoch, counter, given.rec_seq
    )
    place = (round(given.lat * 1e7), round(given.lon * 1e7))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect((given.host, given.port))
        for _ in range(given.count):
            ack = exchange(device, link, given.records, place, given.wait)
            if ack is None:
                print("not acknowledged", file=sys.stderr)
                return 1
            print(ack)
            if not is_through(device.rec_seq - 1, ack["seen_through"]):
                device.rec_seq = (ack["seen_through"] + 1) % 2**32
    return 0


if __name__ == "__main__":
    sys.exit(main())
