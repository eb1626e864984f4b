"""A key and a certificate of one run of the daemon, by which its clients know it on loopback TCP, and it them.

Both lie in the private run folder: who can read them is the owner. They are written here, on P-256 as TLS has it, for
neither gRPC nor Python can make a certificate. The key signs nothing here but its own certificate, once, before
anything listens, so that how long the arithmetic takes tells no one anything.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import NamedTuple, TypeAlias

from sanchay.address import TLS_NAME


class Identity(NamedTuple):
    """Private key and certificate, as PEM."""

    key: bytes
    certificate: bytes


Point: TypeAlias = "tuple[int, int] | None"

# The curve P-256 of FIPS 186-4: y^2 = x^3 - 3x + b over a prime field, its base point and that point's order.
_PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_OID_EC = bytes.fromhex("06072a8648ce3d0201")
_OID_P256 = bytes.fromhex("06082a8648ce3d030107")
_OID_ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
_OID_COMMON_NAME = bytes.fromhex("0603550403")
_OID_ALTERNATIVE_NAME = bytes.fromhex("0603551d11")
_OID_CONSTRAINTS = bytes.fromhex("0603551d13")
_TRUE = b"\x01\x01\xff"
# A wrong clock must lock no one out: what ends the certificate's life is the next start.
_FROM, _UNTIL = b"20000101000000Z", b"99991231235959Z"


def make() -> Identity:
    """A new key, and a certificate for it that it signed itself."""
    private = _random()
    public = _encoded(_times(private, _BASE))
    name = _sequence(_tlv(0x31, _sequence(_OID_COMMON_NAME, _tlv(0x0C, TLS_NAME.encode()))))
    extensions = _sequence(
        _sequence(_OID_CONSTRAINTS, _TRUE, _tlv(0x04, _sequence(_TRUE))),
        _sequence(_OID_ALTERNATIVE_NAME, _tlv(0x04, _sequence(_tlv(0x82, TLS_NAME.encode())))),
    )
    algorithm = _sequence(_OID_ECDSA_SHA256)
    to_sign = _sequence(
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(127)),
        algorithm,
        name,
        _sequence(_tlv(0x18, _FROM), _tlv(0x18, _UNTIL)),
        name,
        _sequence(_sequence(_OID_EC, _OID_P256), _bits(public)),
        _tlv(0xA3, extensions),
    )
    certificate = _sequence(to_sign, algorithm, _bits(_signature(private, to_sign)))
    key = _sequence(
        _integer(1), _tlv(0x04, private.to_bytes(32, "big")), _tlv(0xA0, _OID_P256), _tlv(0xA1, _bits(public))
    )
    return Identity(_pem("EC PRIVATE KEY", key), _pem("CERTIFICATE", certificate))


def _signature(private: int, message: bytes) -> bytes:
    """ECDSA with SHA-256."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        once = _random()
        point = _times(once, _BASE)
        r = point[0] % _ORDER if point is not None else 0
        s = pow(once, -1, _ORDER) * (digest + r * private) % _ORDER
        if r and s:
            return _sequence(_integer(r), _integer(s))


def _random() -> int:
    return 1 + secrets.randbelow(_ORDER - 1)


def _times(factor: int, point: Point) -> Point:
    result: Point = None
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        factor >>= 1
    return result


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _PRIME == 0:
        return None
    if one == other:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, _PRIME) % _PRIME
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, _PRIME) % _PRIME
    x = (slope * slope - x1 - x2) % _PRIME
    return x, (slope * (x1 - x) - y1) % _PRIME


def _encoded(point: Point) -> bytes:
    if point is None:
        raise ArithmeticError("the point has no coordinates")
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _tlv(tag: int, content: bytes) -> bytes:
    """An element of DER: its tag, its length, its content."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _sequence(*elements: bytes) -> bytes:
    return _tlv(0x30, b"".join(elements))


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tlv(0x03, b"\x00" + content)


def _pem(label: str, content: bytes) -> bytes:
    text = base64.encodebytes(content).replace(b"\n", b"")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""])
