"""Bad input for PM and traders alike: number literals, bodies, names, raw paths; what each is answered.

Both faces promise 4xx naming the field, nothing changed (risk.md, I11; api.md, "Errors").
"""

from dataclasses import dataclass
from itertools import product

LIMIT_NAMES = ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss")

# Literals as they stand in a JSON body; none is acceptable for any of the three settings.
BAD_LITERALS = (
    "0", "-0", "0.0", "0.00", "-1", "-5", "-0.01", "-100", "-999999999999",
    "1e3", "1E3", "1e-3", "5e0", "1e400", "-1e400", "1.5e2", "0e0",
    "NaN", "Infinity", "-Infinity",
    '"5"', '"5.0"', '""', '" 5 "', '"1_000"', '"１２"', '"1e3"', '"NaN"', '"٣"', '"abc"', '"0x10"', '"5,0"',
    "true", "false", "null", "[]", "[5]", "{}", '{"value": 5}',
    "1000001", "99999999999999999999", "1" * 39, "1" * 45, "0." + "3" * 60, "0.00001", "4.123456789",
)  # fmt: skip

BOUNDS = (
    ("risk_per_trade", "100.0001"),
    ("risk_per_trade", "101"),
    ("risk_per_trade", "1.00001"),
    ("stop_loss_dollars", "1000000.01"),
    ("stop_loss_dollars", "5.001"),
    ("max_strategy_loss", "1000000.01"),
    ("max_strategy_loss", "50.125"),
)

BAD_NUMBERS = (*product(LIMIT_NAMES, BAD_LITERALS), *BOUNDS)


@dataclass(frozen=True)
class BadBody:
    """A raw body of a settings change, its error's code, and the field that must be named, if any."""

    name: str
    body: bytes
    code: str = "bad_json"
    field: str | None = None


BAD_BODIES = (
    BadBody("open brace", b"{"),
    BadBody("half a string", b'{"stop_loss_dollars'),
    BadBody("single quotes", b"{'stop_loss_dollars': 4}"),
    BadBody("comma at the end", b'{"stop_loss_dollars": 4,}'),
    BadBody("text after it", b'{"stop_loss_dollars": 4} {}'),
    BadBody("no value", b'{"stop_loss_dollars": }'),
    BadBody("leading zero", b'{"stop_loss_dollars": 04}'),
    BadBody("no digit before the point", b'{"stop_loss_dollars": .5}'),
    BadBody("no digit after the point", b'{"stop_loss_dollars": 5.}'),
    BadBody("plus sign", b'{"stop_loss_dollars": +5}'),
    BadBody("hexadecimal", b'{"stop_loss_dollars": 0x10}'),
    BadBody("underscore", b'{"stop_loss_dollars": 1_000}'),
    BadBody("fullwidth digits", '{"stop_loss_dollars": １２}'.encode()),
    BadBody("comment", b'{"stop_loss_dollars": 4 /* four */}'),
    BadBody("python's None", b'{"stop_loss_dollars": None}'),
    BadBody("undefined", b'{"stop_loss_dollars": undefined}'),
    BadBody("a key twice", b'{"stop_loss_dollars": 4, "stop_loss_dollars": 5}'),
    BadBody("a key twice, equal", b'{"stop_loss_dollars": 4, "stop_loss_dollars": 4}'),
    BadBody("a key twice, escaped", b'{"stop_loss_dollars": 4, "stop_loss_d\\u006fllars": 5}'),
    BadBody("a key twice, deep", b'{"stop_loss_dollars": 4, "x": {"a": 1, "a": 2}}'),
    BadBody("21 levels", b'{"stop_loss_dollars": ' + b"[" * 21 + b"]" * 21 + b"}"),
    BadBody("20 000 brackets", b"[" * 20_000 + b"]" * 20_000),
    BadBody("20 000 open brackets", b"[" * 20_000),
    BadBody("latin-1", '{"reason": "caf\u00e9", "stop_loss_dollars": 4}'.encode("latin-1")),
    BadBody("half a character", b'{"reason": "\xe2\x82", "stop_loss_dollars": 4}'),
    BadBody("overlong slash", b'{"reason": "\xc0\xaf", "stop_loss_dollars": 4}'),
    BadBody("half a pair of surrogates", b'{"reason": "\\ud800", "stop_loss_dollars": 4}'),
    BadBody("UTF-16", '{"stop_loss_dollars": 4}'.encode("utf-16")),
    BadBody("byte order mark", b'\xef\xbb\xbf{"stop_loss_dollars": 4}'),
    BadBody("a raw newline in a string", b'{"reason": "a\nb", "stop_loss_dollars": 4}'),
    BadBody("a NUL in a string", b'{"reason": "a\x00b", "stop_loss_dollars": 4}'),
    BadBody("only a NUL", b"\x00"),
    BadBody("only blanks", b"   "),
    BadBody("a list", b"[]", "invalid"),
    BadBody("a list of one", b'[{"stop_loss_dollars": 4}]', "invalid"),
    BadBody("a string", b'"stop_loss_dollars"', "invalid"),
    BadBody("a number", b"4", "invalid"),
    BadBody("NaN", b"NaN", "invalid"),
    BadBody("true", b"true", "invalid"),
    BadBody("null", b"null", "invalid"),
    BadBody("nothing to change", b"{}", "invalid"),
    BadBody("only a revision", b'{"revision": 0}', "invalid"),
    BadBody("unknown key", b'{"stop_loss": 4}', "invalid", "stop_loss"),
    BadBody("unknown key beside a known one", b'{"stop_loss_dollars": 4, "x": 1}', "invalid", "x"),
    BadBody("other case", b'{"Stop_Loss_Dollars": 4}', "invalid", "Stop_Loss_Dollars"),
    BadBody("blank key", b'{"": 4}', "invalid", ""),
    BadBody("__proto__", b'{"stop_loss_dollars": 4, "__proto__": {}}', "invalid", "__proto__"),
    BadBody("look-alike key", '{"stop_loss_dоllars": 4}'.encode(), "invalid", "stop_loss_dоllars"),
    BadBody("is_killed", b'{"stop_loss_dollars": 4, "is_killed": false}', "invalid", "is_killed"),
    BadBody("total_pnl", b'{"stop_loss_dollars": 4, "total_pnl": 0}', "invalid", "total_pnl"),
    BadBody("epoch", b'{"stop_loss_dollars": 4, "epoch": 1}', "invalid", "epoch"),
    BadBody("leverage", b'{"stop_loss_dollars": 4, "leverage": 50}', "invalid", "leverage"),
    BadBody("one bad", b'{"stop_loss_dollars": 4, "max_strategy_loss": -1}', "invalid", "max_strategy_loss"),
)  # fmt: skip

# Values of `revision`, as they stand in a JSON body.
BAD_REVISIONS = (
    "-1",
    "1.5",
    "1.0",
    '"7"',
    "true",
    "null",
    "[]",
    "{}",
    "1e3",
    "NaN",
    "9007199254740993",
    "1" * 45,
)

# Names that reach a view undamaged in a path, and that the grammar refuses.
BAD_NAMES = {
    "strategy_id": (
        "_momentum", "-momentum", ".momentum", "...", "a" * 65, "mom:entum", "mom@entum", "mom!entum",
        "mom*entum", "mom+entum", "mom,entum", "mom;entum", "mom=entum", "mom$entum", "mom~entum",
        "mom'entum", "mom(entum)", "&",
    ),
    "symbol": (
        "-BTC", ".BTC", ":BTC", "_BTC", "B" * 33, "BTC!", "BTC*", "BTC+", "BTC,USD", "BTC;", "BTC=", "$BTC",
        "~BTC", "BTC'", "(BTC)", "&",
    ),
}  # fmt: skip

# What a raw path may not hold, put where a strategy_id stands: each could be read in two ways.
BAD_SEGMENTS = (
    b"%2F", b"%2f", b"a%2Fkill", b"a%2fkill", b"%2e%2e", b"%2E", b"..", b".", b"a/../b", b"a/./b",
    b"a//b", b"/", b"%00", b"a%00", b"%0a", b"%0d%0a", b"%20", b"a%20b", b"%09", b"%25", b"%252F",
    b"%252e%252e", b"%5c", b"a\\b", b"%c0%af", b"%d0%a1", b"%ef%bc%8f", b"%u002f", b"%", b"%2", b"%zz",
    b"%3F", b"%23", b"%26", b"%41", b"a%3Bb",
)  # fmt: skip

# Media types of a body that no face reads.
BAD_MEDIA_TYPES = (
    "text/plain", "text/html", "application/xml", "text/xml", "application/yaml", "application/octet-stream",
    "application/msgpack", "text/json", "application/jsonp", "image/png", "nonsense", "*/*", "",
)  # fmt: skip
