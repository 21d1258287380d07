"""Made-up secrets of many kinds, and clean values that look a little like them. Seeded: the same every time."""

from __future__ import annotations

import base64
import json
import random
import string

R = random.Random(20261124)
ALNUM = string.ascii_letters + string.digits


def some(length: int, letters: str = ALNUM) -> str:
    return "".join(R.choice(letters) for _ in range(length))


def jwt() -> str:
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': some(8), 'iat': R.randrange(10**9)})}.{some(43)}"


def card() -> str:
    digits = [R.choice("45")] + [R.choice(string.digits) for _ in range(14)]
    for check in string.digits:
        number = [int(d) for d in [*digits, check]]
        if sum(d if n % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for n, d in enumerate(reversed(number))) % 10 == 0:
            text = "".join(map(str, number))
            return R.choice(
                [
                    text,
                    " ".join(text[i : i + 4] for i in range(0, 16, 4)),
                    "-".join(text[i : i + 4] for i in range(0, 16, 4)),
                ]
            )
    raise AssertionError


HEX, UPPER = "0123456789abcdef", string.ascii_uppercase + string.digits
# kind → what makes one; the part that must not be seen is what is returned.
KINDS = {
    "openai": lambda: R.choice([f"sk-{some(48)}", f"sk-proj-{some(60)}"]),
    "anthropic": lambda: f"sk-ant-api03-{some(80)}",
    "google": lambda: f"AIza{some(35)}",
    "aws access key": lambda: f"AKIA{some(16, UPPER)}",
    "github": lambda: R.choice([f"ghp_{some(36)}", f"github_pat_{some(22)}_{some(59)}"]),
    "gitlab": lambda: f"glpat-{some(20)}",
    "slack": lambda: f"xoxb-{some(11, string.digits)}-{some(12, string.digits)}-{some(24)}",
    "stripe": lambda: f"sk_live_{some(24)}",
    "sendgrid": lambda: f"SG.{some(22)}.{some(43)}",
    "twilio": lambda: f"SK{some(32, HEX)}",
    "mailgun": lambda: f"key-{some(32, HEX)}",
    "huggingface": lambda: f"hf_{some(34)}",
    "groq": lambda: f"gsk_{some(52)}",
    "npm": lambda: f"npm_{some(36)}",
    "pypi": lambda: f"pypi-AgEIcHlwaS5vcmc{some(70)}",
    "telegram": lambda: f"{some(9, '123456789')}:AA{some(33)}",
    "shopify": lambda: f"shpat_{some(32, HEX)}",
    "digitalocean": lambda: f"dop_v1_{some(64, HEX)}",
    "jwt": jwt,
    "app key": lambda: f"base64:{base64.b64encode(R.randbytes(32)).decode()}",
    "private key": lambda: f"-----BEGIN RSA PRIVATE KEY-----\n{some(64)}\n{some(64)}\n-----END RSA PRIVATE KEY-----",
    "card": card,
    "email": lambda: f"{some(6).lower()}.{some(5).lower()}@{some(7).lower()}.{R.choice(['org', 'com', 'co.uk'])}",
    "ipv4": lambda: ".".join(str(R.randrange(11, 240)) for _ in range(4)),
    "ipv6": lambda: f"2001:db8:{some(4, '123456789')}:{some(4, '123456789abcdef')}::{some(4, '123456789abcdef')}",
    "slack webhook": lambda: f"hooks.slack.com/services/T{some(8, UPPER)}/B{some(8, UPPER)}/{some(24)}",
}  # fmt: skip
# Secrets that only their surroundings give away: (text, the secret).
CONTEXTS = {
    "bearer": lambda: (lambda s: (f"Authorization: Bearer {s}", s))(some(40)),
    "basic": lambda: (lambda s: (f"Authorization: Basic {s}", s))(base64.b64encode(f"{some(6)}:{some(12)}".encode()).decode()),
    "url password": lambda: (lambda s: (f"mysql://fragments:{s}@db.internal:3306/app", s))(some(16)),
    "url query": lambda: (lambda s: (f"https://api.test/v1/x?api_key={s}&limit=5", s))(some(24)),
    "azure account": lambda: (lambda s: (f"AccountName=x;AccountKey={s};EndpointSuffix=core", s))(base64.b64encode(R.randbytes(64)).decode()),
    "azure sas": lambda: (lambda s: (f"https://x.blob.core.windows.net/c?sv=2024&sig={s}&se=2027", s))(some(43)),
    "assignment": lambda: (lambda s: (f"connect failed: password={s} host=db", s))(some(14)),
    "aws secret": lambda: (lambda s: (f"aws_secret_access_key = {s}", s))(some(40)),
    "stack argument": lambda: (lambda s: (f"#3 /app/app/Http/Auth.php(12): App\\Auth->login('ann', '{s}')", s))(some(12)),
    "home": lambda: (lambda s: (f"at /home/{s}/fragments/app/X.php:12", s))(some(9).lower()),
}  # fmt: skip

CLEAN = (
    "51b03f21-531f-48a2-aae7-fe0afbc5f709", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "1.2.3", "v12.4.1-beta.2", "Chrome/134.0.0.0 Safari/537.36",
    "12 345.678 ms", "2026-11-20T10:00:00.123456Z", "2026-11-20 10:00:00", "10:00:00", "1763600000000", "1763600000123456", "claude-3-5-sonnet-latest",
    "gpt-4o-mini-2024-07-18", "text-embedding-3-small", "App\\Models\\Fragment::find", "App\\Services\\ToolRunner->run()", "SQLSTATE[HY000]: General error: 5 database is locked",
    "cURL error 28: Operation timed out after 21143 milliseconds with 0 bytes received", "#0 /app/app/Y.php(40): App\\X->run()",
    "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "fragment.processing.step.completed", "127.0.0.1", "::1", "0.0.0.0", "max_tokens: 4096",
    "token_usage", "tokens_prompt=120", "prompt_tokens: 500", "time_to_first_token_ms: 210", "chat.streaming.first_token", "cmd_6740a1b2c3d4e", "#1024",
    "storage/logs/laravel-2026-11-20.log:131395", "Allowed memory size of 134217728 bytes exhausted", "status 404 for https://api.test/v1/models",
    "note-taking", "key: value", "cache key fragments:12", "3.14159265358979", "100%", "localhost:8000", "rate limit: 60 per minute", "AC/DC", "SK-II", "task-force",
)  # fmt: skip
