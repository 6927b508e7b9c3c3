"""Raw request paths: tricks that every face must refuse, and plain ones that it must let through."""

_ESCAPES = """
    %2F %2f %5C %5c %2E%2E %2e %2E. .%2e %00 %01 %08 %09 %0A %0a %0D %0D%0A %1B %7F %20 %21 %22 %23 %24
    %25 %252F %25252F %26 %27 %2B %2C %2D %30 %3B %3C %3D %3E %3F %41 %5B %5F %60 %61 %7B %7C %7E %80 %A0
    %C0%AF %C0%AE%C0%AE %E0%80%AF %C2%A0 %E2%80%AE %E2%80%8B %EF%BC%8F %D0%B0 %FF %FE%FF
    % %4 %zz %u002F %%32%46 %3 %G0 %-1
"""
ROW = "/api/risk/hyperliquid/momentum"
DOTS = [
    "/..", "/.", "/../", "/./", "/a/..", "/a/.", "/a/../b", "/a/./b", "//", "//a", "/a//b", "/a//", "///",
    "/api/risk/../admin/", "/static/../../etc/passwd", "/a\\b", "/..\\..\\x", "/a/\x00", "/\x00",
    "/api/risk/hyperliquid/../BTC", "/api/risk//momentum/BTC", "/api/risk/hyperliquid/./BTC",
]  # fmt: skip
ROOTLESS = ["api/risk/strategies", "*", "http://127.0.0.1/api", "a"]

TRICKS = [
    *(f"{ROW}/B{escape}TC".encode() for escape in _ESCAPES.split()),
    *(path.encode() for path in DOTS),
    *(path.encode() for path in ROOTLESS),
]
# Those that a client can put on a request line: Daphne itself answers the rest.
LINE_TRICKS = [path for path in TRICKS if path.startswith(b"/") and b"\x00" not in path]

FINE_PATHS = [
    b"/",
    b"/api/risk/strategies",
    b"/api/risk/hyperliquid/momentum/BTC",
    b"/api/risk/hyperliquid/momentum/xyz:TSLA",
    b"/api/risk/hyperliquid/momentum/xyz%3ATSLA",
    b"/api/risk/hyperliquid/momentum/xyz%3aTSLA",
    b"/api/risk/hyperliquid/momentum/%40107",
    b"/api/risk/hyperliquid/a.b..c/@107",
    b"/.well-known/x",
    b"/a/...",
    b"/admin/",
    b"/api/risk/strategies?q=%2F..",
]
