"""P1, P2, P4-P6: bodies that no API should take, by name.

UNREADABLE are refused by every endpoint that reads JSON; WRONG by POST campaign alone.
"""

import codecs
import gzip
import json
import zlib
from typing import Any

DEEP = 2000


def _nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return b'{"a": ' + opening * depth + b"1" + closing * depth + b"}"


EMPTY = {
    "no byte": b"",
    "a blank": b" ",
    "blanks": b" \r\n\t ",
    "form feed": b"\x0c{}",
    "no-break space": b"\xc2\xa0{}",
    "a NUL": b"\0",
    "NULs": b"\0" * 100,
}

# Sound JSON, but no object.
NO_OBJECT = {
    "null": b"null",
    "true": b"true",
    "false": b"false",
    "zero": b"0",
    "a number": b"-7.5e3",
    "a string": b'"text"',
    "an empty string": b'""',
    "an empty list": b"[]",
    "a list of an object": b'[{"campaignName": "n"}]',
    "a list of nulls": b"[null, null]",
}

NO_JSON = {
    "an open brace": b"{",
    "an open list": b"[",
    "a closing brace": b"}",
    "a brace too many": b"{}}",
    "two objects": b"{} {}",
    "two objects on two lines": b"{}\n{}",
    "an object and a word": b"{} x",
    "half an object": b'{"a": ',
    "half a key": b'{"a',
    "half a string": b'{"a": "b',
    "half a literal": b'{"a": tru}',
    "no colon": b'{"a" 1}',
    "no value": b'{"a":}',
    "no key": b"{:1}",
    "no quotes": b"{a: 1}",
    "single quotes": b"{'a': 1}",
    "typographic quotes": "{“a”: 1}".encode(),
    "back quotes": b"{`a`: 1}",
    "a number as key": b"{1: 2}",
    "null as key": b"{null: 2}",
    "a comma at the end": b'{"a": 1,}',
    "a comma at the end of a list": b'{"a": [1,]}',
    "two commas": b'{"a": 1,, "b": 2}',
    "a leading comma": b'{, "a": 1}',
    "a semicolon": b'{"a": 1; "b": 2}',
    "a line comment": b'{"a": 1} // no',
    "a comment": b'{/* no */ "a": 1}',
    "a hash comment": b'# no\n{"a": 1}',
    "True": b'{"a": True}',
    "None": b'{"a": None}',
    "undefined": b'{"a": undefined}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": -Infinity}',
    "nan": b'{"a": nan}',
    "1e999": b'{"a": 1e999}',
    "minus 1e999": b'{"a": -1e999}',
    "a leading zero": b'{"a": 01}',
    "a leading plus": b'{"a": +1}',
    "a leading point": b'{"a": .5}',
    "a point at the end": b'{"a": 5.}',
    "an exponent of nothing": b'{"a": 1e}',
    "hexadecimal": b'{"a": 0x10}',
    "underscores": b'{"a": 1_000}',
    "two minuses": b'{"a": --1}',
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "minus 5,000 digits": b'{"a": -' + b"9" * 5000 + b"}",
    "a tab in a string": b'{"a": "b\tc"}',
    "a line break in a string": b'{"a": "b\nc"}',
    "a raw NUL in a string": b'{"a": "b\0c"}',
    "a raw escape in a string": b'{"a": "\x1b[31m"}',
    "a NUL after the object": b"{}\0",
    "half an escape": b'{"a": "\\u12"}',
    "an unknown escape": b'{"a": "\\x41"}',
    "an escape of nothing": b'{"a": "\\"}',
    "a form": b"campaignName=n&skill=s",
    "multipart": b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
    "XML": b'<?xml version="1.0"?><campaign/>',
    "an XML bomb": b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;&b;</a>',
    "HTML": b"<html><script>alert(1)</script></html>",
    "YAML": b"campaignName: n\nskill: s\n",
    "a YAML tag": b"!!python/object/apply:os.system ['id']",
    "TOML": b'a = "b"',
    "CSV": b"inapp,1\nana,Hi\n",
    "SQL": b"'; DROP TABLE accounts_account; --",
    "a template": b"{{ 7*7 }}",
    "a path": b"../../../../etc/passwd",
    "JSONP": b'callback({"a": 1})',
    "an XSSI guard": b")]}',\n{}",
    "JSON with a record separator": b"\x1e{}",
    "base64": b"eyJhIjogMX0=",
    "a pickle": b"\x80\x04}\x94.",
    "CBOR": b"\xa1\x61\x61\x01",
    "MessagePack": b"\x81\xa1a\x01",
    "a PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a PDF": b"%PDF-1.7\n",
    "a ZIP": b"PK\x03\x04\x14\0",
    "gzip": gzip.compress(b"{}"),
    "deflate": zlib.compress(b"{}"),
    "noise": bytes(range(256)) * 4,
}

# Not UTF-8, or UTF-8 with what RFC 8259 does not want.
ENCODINGS = {
    "a BOM": codecs.BOM_UTF8 + b"{}",
    "UTF-16": '{"a": "é"}'.encode("utf-16"),
    "UTF-16, big end first": '{"a": "é"}'.encode("utf-16-be"),
    "UTF-16, little end first": '{"a": "é"}'.encode("utf-16-le"),
    "UTF-32": '{"a": "é"}'.encode("utf-32"),
    "UTF-7": b"+AHs-+AH0-",
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "Windows-1252": '{"a": "“x”"}'.encode("cp1252"),
    "Shift JIS": '{"a": "日本"}'.encode("shift_jis"),
    "GB18030": '{"a": "中文"}'.encode("gb18030"),
    "KOI8-R": '{"a": "привет"}'.encode("koi8-r"),
    "EBCDIC": '{"a": 1}'.encode("cp500"),
    "a byte that is none": b'{"a": "\xff"}',
    "a lone continuation": b'{"a": "\x80"}',
    "a sequence cut short": b'{"a": "\xf0\x9f\x91"}',
    "an overlong slash": b'{"a": "\xc0\xaf"}',
    "an overlong NUL": b'{"a": "\xc0\x80"}',
    "a surrogate": b'{"a": "\xed\xa0\x80"}',
    "a pair of surrogates (CESU-8)": b'{"a": "\xed\xa0\xbd\xed\xb1\x8b"}',
    "beyond Unicode": b'{"a": "\xf4\x90\x80\x80"}',
    "a five-byte sequence": b'{"a": "\xf8\x88\x80\x80\x80"}',
    "half a character in a key": b'{"\xc3": 1}',
}

TWICE = {
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, the same": b'{"a": 1, "a": 1}',
    "a key twice by escape": b'{"a": 1, "\\u0061": 2}',
    "an empty key twice": b'{"": 1, "": 2}',
    "a key twice inside": b'{"a": {"b": 1, "b": 2}}',
    "a key twice in a list": b'{"a": [{"b": 1, "b": 2}]}',
    "consent twice": b'{"consent": false, "consent": true}',
    "a key twice at the end of 1,000": (
        b"{" + b", ".join(b'"k%d": 1' % n for n in range(1000)) + b', "k0": 2}'
    ),
}

DEPTHS = {
    "2,000 lists": _nested(DEEP, b"[", b"]"),
    "2,000 objects": _nested(DEEP, b'{"a": ', b"}"),
    "100,000 lists": _nested(100_000, b"[", b"]"),
    "100,000 lists that are never closed": b"[" * 100_000,
    "2,000 of each in turn": _nested(DEEP, b'[{"a": ', b"}]"),
    "21 levels": _nested(20, b"[", b"]"),
}

# No column holds them. In a consumer of a campaign they fail that consumer alone.
UNPRINTABLE = {
    "NUL": b'{"a": "b\\u0000c"}',
    "NUL in a key": b'{"a\\u0000": 1}',
    "NUL in a list": b'{"a": ["b", "\\u0000"]}',
    "NUL in an object": b'{"a": {"b": {"c": "\\u0000"}}}',
    "the first half of a pair": b'{"a": "\\ud83d"}',
    "the second half of a pair": b'{"a": "\\udc4b"}',
    "halves the wrong way round": b'{"a": "\\udc4b\\ud83d"}',
    "two first halves": b'{"a": "\\ud83d\\ud83d"}',
    "half a pair in a key": b'{"\\ud83d": 1}',
    "half a pair in an object": b'{"a": {"b": "\\uDFFF"}}',
}

UNREADABLE: dict[str, bytes] = {
    **NO_OBJECT,
    **NO_JSON,
    **ENCODINGS,
    **TWICE,
    **DEPTHS,
    **UNPRINTABLE,
}

_FIELDS = ("campaignName", "skill", "templateId", "consent", "consumers")
_VALUES: dict[str, Any] = {
    "null": None,
    "false": False,
    "7": 7,
    "a float": 1.5,
    "a huge number": 10**400,
    "an empty text": "",
    "an empty list": [],
    "a list": ["a"],
    "an empty object": {},
    "an object": {"a": {"b": "c"}},
    "lists of lists": [[[["a"]]]],
    "9,000 numbers": list(range(9000)),
    "a megabyte": "x" * 1_000_000,
    "a NUL": "a\0b",
    "half a pair": "a\ud83d",
    "a bell": "a\x07b",
    "an escape": "\x1b[31mred",
}


def wrong_bodies(good: dict[str, Any]) -> dict[str, bytes]:
    """POST campaign bodies with one field wrong; ``good`` is a body that would be accepted."""
    return {
        f"{field} is {name}": json.dumps(good | {field: value}).encode()
        for field in _FIELDS
        for name, value in _VALUES.items()
        # A list of what are no consumers fails each of them alone.
        if not (field == "consumers" and name in {"a list", "lists of lists"})
    }
