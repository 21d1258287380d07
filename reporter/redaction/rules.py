"""What is not for strangers, by shape and by name: tables, and the functions that check what a shape alone can't tell.

Shapes are those that the providers document; a shape with a group names the secret part, the rest stays readable.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache(None)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text)


class Rule(NamedTuple):
    """A shape. `anchors`: texts (lower case) of which one is in everything it matches, for a first look; none: always looked
    for. `group`: the part that is the secret. `check`: whether a match really is one."""

    name: str
    text: str
    anchors: tuple[str, ...] = ()
    group: int = 0
    check: Callable[[str], bool] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first looked for: most never are, and all together take 15 ms of an answer's 200."""
        return _compiled(self.text)


def is_card(text: str) -> bool:
    """A payment card's number by its first digits and Luhn's check digit."""
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) < 3:
        return False
    doubled = [d if n % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_ipv4(text: str) -> bool:
    """An address that tells something: not this machine's own, not none."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text.startswith("255.255."))


def is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified) and ("::" not in text or len(text) > 4)


def is_phone(text: str) -> bool:
    return 9 <= sum(char.isdigit() for char in text) <= 15


def _shape(name: str, pattern: str, *anchors: str, group: int = 0, check: Callable[[str], bool] | None = None) -> Rule:
    return Rule(name, pattern, tuple(anchor.lower() for anchor in anchors), group, check)


_WORD = r"(?<![A-Za-z0-9_-])"
SHAPES: tuple[Rule, ...] = (
    _shape("private-key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|\Z)", "private key"),
    _shape("private-key", rf"{_WORD}AGE-SECRET-KEY-1[A-Z0-9]{{20,}}", "age-secret-key-"),
    _shape("jwt", r"eyJ[\w-]{6,}\.eyJ[\w-]{6,}(?:\.[\w-]*)?", "eyj"),
    _shape("anthropic", rf"{_WORD}sk-ant-[\w-]{{16,}}", "sk-ant-"),
    _shape("openrouter", rf"{_WORD}sk-or-[\w-]{{16,}}", "sk-or-"),
    _shape("openai", rf"{_WORD}(?:sk|sess)-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{{16,}}", "sk-", "sess-"),
    _shape("google", rf"{_WORD}AIza[\w-]{{30,}}|{_WORD}ya29\.[\w-]{{20,}}|{_WORD}GOCSPX-[\w-]{{20,}}", "aiza", "ya29.", "gocspx-"),
    _shape("aws", r"(?<![A-Z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])", "a3t", "abia", "acca", "akia", "asia"),
    _shape("azure", r"(?i)(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%&;_.-]{20,})", "accountkey=", "sharedaccess", group=1),
    _shape("azure", r"[?&]sig=([A-Za-z0-9%+/=_-]{20,})", "sig=", group=1),
    _shape("github", rf"{_WORD}(?:gh[pousr]_[A-Za-z0-9]{{20,}}|github_pat_\w{{20,}})", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    _shape("gitlab", rf"{_WORD}(?:glpat|gldt|glft|glsoat|glrt|glcbt)-[\w-]{{16,}}", "glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glcbt-"),
    _shape("slack", rf"{_WORD}xox[abposre]-[A-Za-z0-9-]{{10,}}|{_WORD}xapp-[A-Za-z0-9-]{{10,}}|hooks\.slack\.com/(?:services|workflows)/[\w/]{{20,}}", "xox", "xapp-", "hooks.slack.com"),
    _shape("stripe", rf"{_WORD}(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{{16,}}|{_WORD}whsec_[A-Za-z0-9+/=]{{16,}}", "k_live_", "k_test_", "whsec_"),
    _shape("twilio", r"(?<![A-Za-z0-9])(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])", "sk", "ac"),
    _shape("sendgrid", rf"{_WORD}SG\.[\w-]{{16,}}\.[\w-]{{16,}}", "sg."),
    _shape("mailgun", r"(?<![A-Za-z0-9])key-[0-9a-f]{32}(?![A-Za-z0-9])", "key-"),
    _shape("mailchimp", r"(?<![0-9a-f])[0-9a-f]{32}-us\d{1,2}(?!\w)", "-us"),
    _shape("huggingface", rf"{_WORD}hf_[A-Za-z0-9]{{20,}}", "hf_"),
    _shape("model-provider", rf"{_WORD}(?:gsk_|xai-|r8_|pplx-|fw_|tgp_v1_|csk-|nvapi-|voyage-|jina_)[\w-]{{20,}}", "gsk_", "xai-", "r8_", "pplx-", "fw_", "tgp_v1_", "csk-", "nvapi-", "voyage-", "jina_"),
    _shape("npm", rf"{_WORD}npm_[A-Za-z0-9]{{20,}}", "npm_"),
    _shape("pypi", rf"{_WORD}pypi-[\w-]{{20,}}", "pypi-"),
    _shape("telegram", r"(?<![\w])\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])", ":aa", ":ab"),
    _shape("discord", r"(?<![\w.-])[MNO][\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}", "."),
    _shape("shopify", rf"{_WORD}shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{20,}}", "shpat_", "shpca_", "shppa_", "shpss_"),
    _shape("cloud-token", rf"{_WORD}(?:do[opr]_v1_[0-9a-f]{{32,}}|dapi[0-9a-f]{{32}}|hv[sbr]\.[\w-]{{20,}}|dp\.(?:pt|st|ct)\.[A-Za-z0-9]{{20,}}|ATATT3[\w=-]{{20,}}|PMAK-[0-9a-f-]{{20,}}|lin_api_\w{{20,}}|ntn_\w{{20,}}|secret_[A-Za-z0-9]{{40,}}|figd_[\w-]{{20,}}|sq0(?:atp|csp)-[\w-]{{20,}}|sl\.[\w-]{{60,}}|EAAC?[A-Za-z0-9]{{60,}}|cfut_\w{{20,}})", "_v1_", "dapi", "hvs.", "hvb.", "hvr.", "dp.", "atatt3", "pmak-", "lin_api_", "ntn_", "secret_", "figd_", "sq0", "sl.", "eaa", "cfut_"),
    _shape("app-key", r"base64:[A-Za-z0-9+/]{42,}={0,2}", "base64:"),
    _shape("sentry", r"https?:\\?/\\?/([0-9a-f]{32})(?::[0-9a-f]{32})?@", "@", group=1),
    _shape("bearer", r"(?i)\b(?:bearer|token)\s+([\w.~+/=-]{8,})(?=[\s\"',;)\]}\\]|\Z)", "bearer", group=1),
    _shape("basic-auth", r"(?i)\bbasic\s+([A-Za-z0-9+/_-]{8,}={0,2})(?![\w])", "basic", group=1, check=lambda text: bool(re.search(r"[A-Z0-9+/=]", text[1:]))),
    _shape("url-password", r"(?i)\b[a-z][a-z0-9+.-]{1,20}:\\?/\\?/[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,300})@", "@", group=1),
    _shape("named", r"(?i)(?:password|passwd|passphrase|pwd|secret|token|authorization|cookie|api[_-]?key|apikey|access[_-]?key(?:[_-]?id)?|secret[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?key|credentials?)(?:\\?[\"'])?\s*(?:=>|[=:])\s*(?:\\?[\"'])?(?!\[)(?!(?:null|true|false|none|\d{1,6}(?![\w.])|\d+\.\d+)\b)((?:(?:bearer|basic)\s+)?[^\s\"'&,;)\]}<>\\]{4,})", "passw", "passphrase", "pwd", "secret", "token", "authorization", "cookie", "key", "credential", group=1),
    _shape("argument", r"(?i)(?:->|::|\s)(?:login|attempt|authenticate|signIn|setPassword|checkPassword|withToken|withBasicAuth|verifyPassword|hash_equals|password_verify|password_hash)\((?:'[^']*',\s*)?(?:Object\([^)]*\),\s*)?'([^']{4,})'", "login(", "attempt(", "authenticate(", "signin(", "password(", "withtoken(", "withbasicauth(", "hash_equals(", "password_", group=1),
    _shape("email", r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}(?![\w@])", "@"),
    _shape("card", r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)", check=is_card),
    # Behind one slash it may be a version (Chrome/134.0.0.0): these end in zeros.
    _shape("ip", r"(?<=\w/)[1-9]\d{1,2}(?:\.\d{1,3}){2}\.[1-9]\d{0,2}(?![\w]|\.\d|-\w)", ".", check=is_ipv4),
    _shape("ip", r"(?:(?<=//)|(?<=@)|(?<![\w./-]))\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d|-\w)", ".", check=is_ipv4),
    _shape("ip", r"(?<![\w:.\\])(?:[0-9a-fA-F]{1,4}|:)(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])", ":", check=is_ipv6),
    _shape("user", r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}(?:Users|Documents and Settings)\\{1,2})([^\s/\\\"':*?<>|]+)", "/home/", "/users/", "\\users\\", "\\documents and", group=1, check=lambda name: name not in ("Shared", "Public", "runner")),
)  # fmt: skip
PHONE = _shape(
    "phone",
    r"(?<![\w.+:-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){2,4}(?![\w.:-])",
    check=is_phone,
)

# Words of a key's name that make its value a secret.
_SECRET_WORDS = {
    "password", "passwd", "pwd", "passphrase", "secret", "secrets", "authorization", "cookie", "cookies", "credential", "credentials",
    "apikey", "bearer", "otp", "cvv", "cvc", "csrf", "xsrf", "authtoken", "accesstoken", "refreshtoken", "privatekey", "secretkey", "accesskey",
}  # fmt: skip
_SECRET_PAIRS = {
    ("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("encryption", "key"), ("app", "key"), ("signing", "key"),
    ("auth", "key"), ("account", "key"), ("license", "key"),
}  # fmt: skip
# A number under such a key is one too.
_NUMBER_WORDS = {"password", "passwd", "pwd", "otp", "cvv", "cvc", "pin", "secret"}
# A description of parameters tells their types, not their values.
TYPE_NAMES = {
    "string",
    "integer",
    "int",
    "array",
    "object",
    "boolean",
    "bool",
    "null",
    "float",
    "double",
    "number",
    "mixed",
}
# What the app should not have logged: what people wrote and models answered.
CONTENT_KEYS = {
    "content", "prompt", "system_prompt", "user_prompt", "response_text", "response", "completion", "answer", "text", "body", "message_text",
    "message_content", "user_message", "assistant_message", "input_text", "output_text", "transcript", "raw_content", "note_content",
    "full_response", "generated_text", "user_input", "raw_response",
}  # fmt: skip
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_NUMERIC = re.compile(r"[\d.,: -]*")


def words_of(key: str) -> list[str]:
    """The words of a name in any case style, in lower case."""
    return [word.lower() for word in _CAMEL.findall(key)]


def is_secret_key(key: str, value: object) -> bool:
    """Whether the value under this name is a secret whatever it looks like."""
    sort = _sort(key)
    if not sort or isinstance(value, bool) or value is None or value == "":
        return False
    if isinstance(value, str):
        is_told = sort == "maybe" and _NUMERIC.fullmatch(value)
        return not is_told and value.lower() not in TYPE_NAMES
    if isinstance(value, int | float):
        return sort == "number"
    return sort != "maybe"


@lru_cache(100_000)
def _sort(key: str) -> str:
    """What a name makes of its value: `number` (a secret, if a number too), `text` (if a text, or made of texts), `maybe` (if a
    text that is no number), or nothing."""
    words = words_of(key)
    if not words:
        return ""
    if words[-1] in _NUMBER_WORDS:
        return "number" if words[-1] != "pin" else "maybe"
    if _SECRET_WORDS & set(words) or any(pair in _SECRET_PAIRS for pair in pairwise(words)):
        return "text"
    return "maybe" if words[-1] in ("token", "auth") else ""
