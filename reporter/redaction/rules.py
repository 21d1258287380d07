"""What is not for strangers: the shapes of secrets and of personal data, and the surroundings that give a secret away.

`SHAPES` name what they find; what only its surroundings tell is `secret`, whatever they are, so that it has the same placeholder in all.
"""

from __future__ import annotations

from reporter.redaction.checks import (
    is_card,
    is_email,
    is_iban,
    is_ipv4,
    is_ipv6,
    is_lone_ipv4,
    is_measure,
    is_phone,
    is_random,
    is_state,
    is_tokenish,
)
from reporter.redaction.named import NAME, TAG_LOOK, is_named, is_told
from reporter.redaction.names import Sort, sort_of
from reporter.redaction.patterns import begins, pattern
from reporter.redaction.providers import TOKENS
from reporter.redaction.rule import Rule

_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}(?![\w@])"
_DOTTED = r"\d\.\d{1,3}\.\d{1,3}\.\d"
SHAPES: tuple[Rule, ...] = (
    Rule("private-key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)".replace("( ", "(?: "), ("private key",)),
    Rule("webhook", r"(?:hooks\.slack\.com\\?/(?:services|workflows|triggers)|discord(?:app)?\.com\\?/api\\?/webhooks)\\?/[\w/\\-]{16,}|(?<![\w-])[\w-]{1,64}\.webhook\.office\.com\\?/[\w@/\\-]{20,}|(?:hooks\.zapier\.com\\?/hooks|hook\.(?:\w{2,4}\.)?(?:make|integromat)\.com|maker\.ifttt\.com\\?/use)\\?/[\w/\\-]{10,}", ("hooks.", "webhook", "hook.", "maker.ifttt")),
    Rule("password-hash", r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{50,}|\$argon2(?:id|i|d)\$[\w$=,+/.\\-]{20,}|\$(?:1|5|6|y|scrypt|pbkdf2[\w-]*)\$[\w./$=,+-]{20,}", ("$2", "$argon2", "$1$", "$5$", "$6$", "$y$", "$scrypt", "$pbkdf2")),
    # JSON as base64: JWTs, JWEs, Laravel's encrypted values, and whatever else was packed so.
    Rule("jwt", r"(?<![A-Za-z0-9+/])(?:eyJ|ZXlK|ewog|eyAi|eyIi)[\w/+=%\\-]{12,}(?:\.[\w/+=\\-]*){0,4}", ("eyj", "zxlk", "ewog", "eyai", "eyii")),
    Rule("app-key", r"base64:[A-Za-z0-9+/\\]{42,}={0,2}", ("base64:",)),
    *TOKENS,
    Rule("email", rf"(?<![\w.+-])[\w.+-]{{1,64}}(?:@|%40){_DOMAIN}", ("@", "%40"), is_email),
    Rule("card", begins(r"\w.%-") + r"\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)", (), is_card, r"(?i)(?:\b(?:id|row|offset|tweet|isbn)|_id|#)\W{0,3}$", look=r"(?:^|[^\w.-]|%(?:25)*[0-9A-Fa-f]{2}|[bfnrt]|u[0-9A-Fa-f]{4})[3-6](?:[ -]?\d){12}"),
    Rule("iban", begins(r"\w") + r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)", (), is_iban),
    # Behind one slash it may be a version (Chrome/134.0.0.0): these end in zeros.
    Rule("ip", r"(?<=\w/)[1-9]\d{1,2}(?:\.\d{1,3}){2}\.[1-9]\d{0,2}(?![\w]|\.\d|-\w)", (".",), is_lone_ipv4, look=_DOTTED),
    Rule("ip", r"(?:(?<=//)|(?<=@))\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d|-\w)", (".",), is_ipv4, look=_DOTTED),
    Rule("ip", begins(r"\w./-") + r"\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d|-\w)", (".",), is_lone_ipv4, r"(?i)\b(?:v|version|build|release|upgraded (?:from|to)|windows(?: nt)?)[ :=\"']*$", look=_DOTTED),
    Rule("ip", begins(r"\w:.\\") + r"(?:[0-9a-fA-F]{1,4}|:)(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])", (":",), is_ipv6, look=r"::[0-9a-fA-F]|[0-9a-fA-F]::|(?:[0-9a-fA-F]{1,4}:){4}"),
    Rule("user", r"(?:\\?/home\\?/|\\?/Users\\?/)([^\s/\\\"':*?<>|]+)", ("/home", "/users"), lambda name: name not in ("Shared", "Public", "runner")),
    Rule("user", r"[A-Za-z]:\\{1,8}(?:Users|Documents and Settings)\\{1,8}([^/\\\"':*?<>|\n]{1,64}(?=\\)|[^\s/\\\"':*?<>|]+)", ("users\\", "settings\\"), lambda name: name not in ("Public", "Default", "All Users")),
)  # fmt: skip
# What an id may look like without being one.
NOT_IN_IDS = frozenset(("token", "okta"))
PHONE = Rule(
    "phone",
    r"(?<![\w.+:-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){2,4}(?![\w.:-])",
    (),
    is_phone,
)

_PROSE_NAME = r"(?:pass(?:word|phrase|code|wort)|pwd|secret|(?:api|access|license|secret|private|encryption|auth|signing)[ _-]?key|(?:access |auth |api |bearer |refresh )?token|credentials?)"


_PARAMETERS = pattern(
    r"(?i)(?:[\w-]*[_-])?(?:key|code|state|sig|signature|token|secret|auth|appid|app_id|hash|hmac|ticket|assertion|session|sid|nonce|otp|pass\w*|pwd|access|credential|jwt|invite|invitation|magic|apikey|k|t)"
)


def _is_parameter(key: str, value: str) -> bool:
    name = key.strip("[]-.")
    if is_named(name, value):
        return True
    # A key in an address may have any name; an id's is none.
    if sort_of(name) is not Sort.ID and is_random(value, 20):
        return True
    return bool(_PARAMETERS.fullmatch(name)) and is_tokenish(value) and not is_measure(value) and len(value) >= 8


def _is_value(text: str) -> bool:
    return is_tokenish(text) and not is_state(text) and not is_measure(text)


def _is_credential(text: str) -> bool:
    return _is_value(text) or (len(text) >= 8 and text.isalnum() and not is_state(text) and not text.isalpha())


_LONG_HEX = pattern(r"[0-9a-f]{40,}")
_NAME_IN_CODE = pattern(r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[\w\\]*")


def _is_told(text: str) -> bool:
    """Whether what stands behind `the password is` is one: no class, no call, no path, no `name: value`."""
    is_code = "::" in text or "->" in text or "(" in text or ":" in text[:-1] or text[0] in "[/"
    return _is_value(text) and (is_random(text, 12) or not (is_code or _NAME_IN_CODE.fullmatch(text)))


_AFTER_SCHEME = r"(?=[\s\"',;)\]}\\&<]|\Z)"
_LINKS = r"(?i:(?:reset|invit\w*|verif\w*|confirm\w*|activat\w*|unsubscribe|magic|login|signin|share|shared|join|token|tokens|recover\w*|passwords?|accept|key|webhooks?|hooks?|secret)(?:[\w-]{0,20}\\?/){1,2}(?:[\w-]{1,20}\\?/)?)"


def _is_in_link(text: str) -> bool:
    return is_random(text) or bool(_LONG_HEX.fullmatch(text))


def _in_url(level: str) -> str:
    """user:…@host of a URL that is a value in another: `%3A` for `:`, or encoded twice. What is encoded once more is of the password."""
    colon, slash, at = (rf"%{level}{code}" for code in ("3[aA]", "2[fF]", "40"))
    other = rf"[^\s:/@\"'<>\\%&]|%(?!{level}(?:3[aA]|2[fF]|40|26|2[02]))(?:25)*[0-9A-Fa-f]{{2}}"
    return rf"(?i)\b[a-z][a-z0-9+.-]{{1,20}}{colon}{slash}{slash}(?:{other}){{0,100}}{colon}((?:{other}){{1,300}}){at}(?=[\w.\[*-])"


# /reset-password/…, /invitations/…: what is behind is looked for first, for there are many slashes.
LINKED = Rule(
    "secret", r"(?<=/)[\w-]{20,}(?![\w./])", ("/",), _is_in_link, behind=f"{_LINKS}$", look=rf"{_LINKS}[\w-]{{6}}"
)
_AROUND: tuple[Rule, ...] = tuple(
    Rule("secret", text, tuple(anchors.split()), check, unless, named)
    for text, anchors, check, named, unless in (
        # s:8:"password";s:14:"…"
        (rf"\"{NAME}\\*\";\s*(?:s:\d+:)\\*\"((?:[^\"\\]|\\[^\"])+)", ";s:", None, is_told, ""),
        # name="_token" value="…", "name":"password","value":"…"
        (rf"(?i)(?:name|key|id|field|property|header)\\*[\"']?\s*[=:]\s*\\*[\"']{NAME}\\*[\"'][^<>{{}}]{{0,80}}?(?:value|content|default)\\*[\"']?\s*[=:]\s*\\*[\"']([^\"'\\<>]{{3,}})", "value content default", None, is_told, ""),
        # Authorization: Scheme …, ["Authorization","…"], bearer …
        (r"(?i)authorization[\"'\\\]]{0,4}\s*(?:=>|[:=]|,\s*[\\\"'\[])[\s\"'\\\[]*(?:[a-z][a-z0-9-]{1,24}\s+)?([^\s\"'\\,;]{6,})", "authorization", _is_credential, None, ""),
        (rf"(?i)\b(?:bearer|token|apikey|api-key|sso-key)\s+([\w.~+/=|:-]{{8,}}){_AFTER_SCHEME}", "bearer token key", _is_credential, None, ""),
        (r"(?i)\bbasic\s+([A-Za-z0-9+/_-]{8,}={0,2})(?!\w)", "basic", lambda text: any(not char.islower() and char not in "-_" for char in text[1:]), None, ""),
        (r"(?i)cookie[\"'\\\]]{0,4}\s*(?:=>|[:=])[\s\"'\\\[]*([^\s=;\"'\\]{1,80}=[^\n\"'\\]{4,})", "cookie", None, None, ""),
        # user:…@host, …@host
        (r"(?i)\b[a-z][a-z0-9+.-]{1,20}:\\?/\\?/[^\s/:@\"'<>\\]{0,100}:([^\s/\"'<>\\]{1,300})@(?=[\w.\[*-])", "@", None, None, ""),
        (r"(?i)https?:\\?/\\?/([\w.~%+=-]{12,300})(?::[\w.-]{0,300})?@(?=[\w.\[-])", "@", _is_value, None, ""),
        (_in_url(""), "%40", None, None, ""),
        (_in_url("25"), "%2540", None, None, ""),
        # ?code=…, &X-Amz-Signature=…
        (r"[?&](?:amp;)?(?P<key>[\w.\[\]-]{1,40})=([^\s&\"'#<>\\]{4,})", "?", None, _is_parameter, ""),
        # curl -u, --password …, mysql -p…, sshpass -p …, IDENTIFIED BY '…'
        (r"(?:\bcurl|\bwget|\bhttp)\b[^\n\"]{0,300}?\s(?:-u|--user|--proxy-user|-U)[ =]?\\*[\"']?[^\s:\"'\\]{0,64}:([^\s\"'\\]{3,})", "-u --user --proxy-user", None, None, ""),
        (r"(?i)\s--?(?P<key>[\w-]{0,24}(?:pass|passwd|password|passphrase|pwd|token|secret|key)[\w-]{0,12})[ =]\\*[\"']?([^\s\"'\\-][^\s\"'\\]{2,})", "-", None, is_named, ""),
        (r"(?:\bmysql\w*|\bmariadb\w*|\bmysqldump|\bmongo\w*|\bsshpass|\bredis-cli|\b7z|\bzip|\bsqlcmd|\bldapsearch)\b[^\n\"]{0,200}?\s(?:-p ?|-a |-P |-w )\\*[\"']?([^\s\"'\\-][^\s\"'\\]{3,})", "-p -a -w", None, None, ""),
        (r"(?i)identified\s+(?:with\s+\S+\s+)?by\s+\\*[\"']([^\"'\\]+)", "identified", None, None, ""),
        # the password is …, using password "…", API key provided: …, login code is 123456
        (rf"(?i)\b{_PROSE_NAME}(?:\s+(?:is|was|used|provided|given|for \w+|of \w+|set to|changed to))?(?:\s*[:=]\s*|\s+)\\*[\"'`(]?([^\s\"'`,;)\\\]}}<>]{{6,}}?)(?=[\s\"'`,;)\\\]}}<>]|[.!]?(?:\s|\Z)|\Z)", "pass pwd secret key token credential", _is_told, None, r"[\\>$]\w*\s*$"),
        (r"(?i)\b(?:(?:login|verification|security|auth\w*|access|confirmation|one[ -]time|sms|2fa|otp|pin|recovery|backup|invite|reset)[ -](?:code|pin|password)|otp|pin)(?:\s+(?:is|was|code|for \w+))?\s*[:=]?\s*\\*[\"']?([A-Z0-9]{4,10}(?:-[A-Z0-9]{4,10})*)(?![\w.])", "code pin otp password", lambda text: any(char.isdigit() for char in text), None, ""),
        (r"(?i)\b(?:ssn|social security(?: number| no\.?)?|imei|iban|passport(?: no\.?| number)?|tax id|national id|insurance number|driver'?s licen[cs]e)\W{1,4}([A-Z]{0,4}[\d][\dA-Z -]{4,40}[\dA-Z])", "ssn social imei iban passport tax national insurance driver", None, None, ""),
        (r"(?i)(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig)=([A-Za-z0-9+/=%&;_.-]{20,})", "accountkey= sharedaccess sig=", None, None, ""),
        # A call whose arguments can't be told apart, for it stands in another's.
        (r"(?i)(?:->|::|\s)(?:login|attempt|authenticate|signIn|setPassword|checkPassword|withToken|withBasicAuth|verifyPassword|hash_equals|password_verify|password_hash)\((?:'[^']*',\s*)?(?:Object\([^)]*\),\s*)?'([^']{4,})'", "('", None, None, ""),
        (r"https?:\\?/\\?/([0-9a-f]{32})(?::[0-9a-f]{32})?@", "@", None, None, ""),
    )
)  # fmt: skip
# <AuthToken>…</AuthToken>
TAGGED = Rule("secret", rf"<{NAME}(?:\s[^<>]{{0,80}})?>(?:<!\[CDATA\[)?([^<>\s\]]{{4,}})", ("<",), named=is_told, look=TAG_LOOK)  # fmt: skip
SURROUNDINGS: tuple[Rule, ...] = (LINKED, TAGGED, *_AROUND)
