"""What a name says of the value under it: a secret, what people wrote, a fact that is for everybody. In any case style.

The names are those that Sentry, Rails and Laravel filter by default, what providers call their keys, and what LLM packages
(their SDKs, OpenTelemetry's `gen_ai`) call prompts and answers.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from itertools import pairwise

from reporter.redaction.checks import is_measure, is_random, is_state, is_tokenish
from reporter.redaction.patterns import pattern


class Sort(Enum):
    """What a name makes of its value."""

    PLAIN = ""
    # A fact: never redacted for its name or for looking random.
    FACT = "fact"
    # An id, a hash, a version: never redacted for looking random.
    ID = "id"
    # A secret whatever it is; a number too.
    NUMBER = "number"
    # A secret whatever text it is.
    SECRET = "secret"
    # A secret if it could be one: neither a word nor a measure.
    MAYBE = "maybe"
    # A secret if it looks random.
    FAINT = "faint"
    # What people wrote or models answered, whatever it is.
    CONTENT = "content"
    # So if it is more than one word.
    PROSE = "prose"


_CAMEL = pattern(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBER_WORDS = _set("password passwd pwd passwort otp cvv cvv2 cvc cvc2 csc pin secret ssn passcode totp mfa")
_SECRET_WORDS = _NUMBER_WORDS | _set(
    "pass pw passphrase passphrases passwords secrets authorization cookie cookies credential credentials creds apikey bearer csrf xsrf"
    " authtoken accesstoken refreshtoken idtoken privatekey secretkey accesskey appkey apitoken passw jwt sshpass pgpassword"
    " csrftoken xcsrftoken sessionid phpsessid jsessionid sid mnemonic nonce htpasswd keystore"
)
# These words alone can be many things: what stands under them must look like a secret.
_MAYBE_WORDS = _set("token tokens auth session cookie cookies csrf xsrf bearer nonce sid salt")
_SECRET_PAIRS = frozenset(
    tuple(pair.split())
    for pair in (
        "api key", "access key", "private key", "secret key", "encryption key", "app key", "signing key", "auth key", "license key",
        "api token", "service key", "master key", "shared key", "storage key", "webhook key", "ssl key", "ssh key", "rsa key", "client key",
        "server key", "deploy key", "consumer key", "publishable key", "subscription key", "functions key", "licence key", "product key",
        "activation key", "recovery codes", "recovery code", "backup codes", "otp code", "sms code", "auth code", "verification code",
        "security code", "login code", "two factor", "php auth", "remember token", "pass phrase", "pass word", "access token",
        "hmac key", "jwt key", "session key", "crypt key", "webhook secret", "connection string", "sas token", "account key", "refresh token", "csrf token", "xsrf token", "auth token", "id token", "bearer token", "secret token", "set cookie", "conn string",
        "private token", "security token", "card number", "card num", "proxy auth", "tls key", "user session", "secret id",
    )
)  # fmt: skip
_FAINT_WORDS = _set(
    "key keys signature sig hmac hash code state verifier challenge sign appid authkey seed license licence dsn webhook plain plaintext"
    " access refresh device push fcm apns voip"
)
# What follows a secret's name and makes it tell something about the secret.
_ABOUT = _set(
    "id ids at on by type types count counts length len size min max name names url urls uri link path file field fields expires expiry"
    " expired expiration ttl valid validity changed updated created reset source driver status state enabled required configured present"
    " exists policy rules rule hint limit limits usage used remaining budget ms seconds model provider algorithm algo version format"
    " mode prefix scope scopes guard guards attempts rotated verified broker timeout lifetime domain samesite secure index position cost price"
    " per total prompt completion input output cached reasoning kind label column table endpoint style strength last needed last4"
)
_ID_WORDS = _set(
    "id ids uuid uuids guid ulid sha sha1 sha256 sha384 sha512 md5 checksum digest etag fingerprint commit revision rev integrity version"
    " correlation trace traceparent span nanoid cid"
)
_FACT_WORDS = _set(
    "kind event status level model provider operation type role class file line source channel level_name environment env lang locale"
    " language driver guard mode scope timezone timestamp ts datetime date method route controller action queue connection host"
)
_CONTENT_WORDS = _set(
    "prompt prompts text texts content contents answer answers transcript transcription transcriptions completion response body reply replies"
    " message_text caption utterance question questions essay story poem diary journal memo memos draft translation snippet excerpt"
    " preview markdown html title titles subject subjects summary summaries comment comments note notes thinking thought thoughts reasoning refusal"
    " instructions instruction conversation conversations transcripts chat monologue lyrics bio biography feedback review dictation letter"
    " preamble persona greeting captions subtitle subtitles utterances passage passages remark remarks annotation annotations"
    " observation observations scratchpad critique premise advice entry highlight monologues lyric verse"
    " paragraph sentence sentences quote quotation description_text partial keywords heading headline headlines abstract narrative quickcapture"
)
_PROSE_WORDS = _set(
    "output outputs input inputs query queries search system arguments argument args arg parameters parameter params param payload raw result"
    " results generation generations document documents request message messages msg user assistant human ai description data value values q"
    " delta chunk chunks tool command history context memory memories topic fragment article post email page paste clipboard selection"
    " before after old new term keyword filename attachment tags tag label labels alt ocr speech voice audio"
    " suffix word completions knowledge conclusion claim evaluation judgement stdin diff patch rewritten about terms"
    " statement template rendered hypothesis explanation rationale suggestion suggestions task goal plan todo recap details detail"
)
# Who speaks, and what of theirs: even one word under such a name is somebody's.
_SPEAKERS = _set("user assistant human ai bot customer system developer search chat")
_SAID = _set("message messages msg input inputs query queries term terms speech request")
# What follows such a name and makes it tell something about the text.
_ABOUT_TEXT = _ABOUT | _set(
    "tokens token duration latency hash sha256 md5 code class method mime encoding lang language role lines words chars characters bytes"
    " rate percent ratio score temperature depth level key time date retries attempt number reason preview_length width height"
    " filter finish stop error errors exception handler processor channel queue driver region zone category tier speed quality checksum"
    " stream streaming success failed ok is has"
)
# Objects whose texts are somebody's: the arguments of a tool, the parts of a message.
_CONTENT_OBJECTS = _set(
    "message messages tool tools command prompt prompts arguments args parameters params input inputs output outputs request response payload"
    " body content contents conversation history changes changeset attributes original dirty candidates choices parts delta form"
    " fragment fragments note notes result results variables bindings"
)
_SAFE_IN_OBJECTS = _set(
    "error errors exception reason code warning warnings severity trace stack file category finish level"
)
_TELLS = frozenset(("message", "messages", "msg", "text", "detail", "details", "description"))
_DIAGNOSTIC_SIBLINGS = frozenset(
    ("class", "code", "file", "line", "trace", "exception", "level", "channel", "severity", "sql")
)
_RULE_WORDS = pattern(
    r"(?:required|nullable|sometimes|present|filled|confirmed|string|integer|array|email|current_password|hashed|encrypted|bail)(?:[|:,].*)?"
)
# Providers whose name alone, as a key, stands before a key of theirs.
PROVIDERS = _set(
    "abuseipdb adafruit adobe airbrake airtable algolia alibaba anthropic asana assemblyai atlassian auth0 autodesk aws azure"
    " beamer bitbucket bitly bitmex bittrex braintree brevo browserstack buildkite calendly cerebras circleci clerk cloudflare"
    " cloudinary codecov cohere coinbase confluence confluent contentful datadog deepgram deepl deepseek digitalocean discord"
    " doppler droneci dropbox elevenlabs etsy facebook fastly figma finicity finnhub fireworks flickr formbucket formcraft"
    " freshbooks freshdesk gemini geocode github gitlab gitter google grafana groq heroku honeycomb hubspot huggingface infura"
    " intercom ipgeolocation ipinfo ipstack jfrog jina jira klaviyo kraken kucoin launchdarkly lendflow linear linkedin lob"
    " lokalise looker mailchimp mailgun mailjet mapbox mattermost meraki messagebird miro mistral mixpanel mux netlify newrelic"
    " ngrok notion nytimes okta openai openrouter opsgenie paypal paystack perplexity pinecone plaid posthog postmark privateai"
    " pusher rapidapi razorpay reddit replicate resend rollbar runrunit saucelabs segment sendbird sendgrid sendinblue sentry"
    " shodan shopify shutterstock sidekiq slack snyk sonar spotify squarespace stability storyblok strava stripe sumo sumologic"
    " supabase tavily telegram telnyx together travis travisci trello twilio twitch twitter typeform unsplash uploadcare vercel"
    " virustotal vonage voyage vultr weatherapi wrike xai yandex youtube zapier zendesk zoho"
)
# Objects that hold keys under their providers' names.
_CONFIGS = _set(
    "config configuration services service keys credentials secrets tokens providers provider integrations integration accounts"
)
_PROVIDERS_KEY = pattern(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{14,}")
_CONFIGURED_KEY = pattern(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{16,}")


def _ends(words: frozenset[str]) -> str:
    """The words as a name's last ones: alone, behind a sign, in camel case."""
    plain = "|".join(sorted(words))
    return rf"(?:(?:[\"_.-](?i:{plain})|[a-z](?:{'|'.join(sorted(word.title() for word in words))})))\""


_TOLD = frozenset(
    ("card", "pan", "phone", "mobile", "tel", "telephone", "fax", "whatsapp", "msisdn", "cellphone", "number", "cc")
)


def content_look() -> str:
    """For a first look at JSON: a name of content before a text or a list, one that may be before words, an object of somebody's,
    and six words in a row under any name. RE2 as it is: a blank is one."""
    return (
        rf"{_ends(_CONTENT_WORDS)}\s*:\s*[\"\[]|{_ends(_PROSE_WORDS)}\s*:\s*(?:\[|\"[^\"]* )|\"(?i:{'|'.join(sorted(_CONTENT_WORDS))})[A-Z_.-][\w.-]*\"\s*:\s*(?:\[|\"[^\"]* )"
        rf"|(?i:{'|'.join(sorted(_SPEAKERS))})[_.-]?(?i:{'|'.join(sorted(_SAID))})\"\s*:\s*[\"\[]"
        rf"|gen_ai[\w.]*\"\s*:\s*[\"\[{{]|{_ends(_CONTENT_OBJECTS)}\s*:\s*[\[{{]|\"\s*:\s*\"(?:[^\" ]+ +){{5}}"
    )


def secret_look() -> str:
    """And the names of secrets, whatever is under them."""
    return (
        rf"{_ends(_SECRET_WORDS | _TOLD)}\s*[:,]\s*[\"\[{{\d]|{_ends(_FAINT_WORDS)}\s*:\s*\"|\"(?i:{'|'.join(sorted(PROVIDERS))})\"\s*:\s*\""
        rf"|(?i:(?:{'|'.join(sorted(_SECRET_WORDS - _MAYBE_WORDS - _set('sid pin otp csc mfa pass pw')))})[\w. -]*|(?:{'|'.join('[_. -]?'.join(pair) for pair in sorted(_SECRET_PAIRS))})[\w. -]*)\"\s*[:,]\s*[\"\[{{\d]"
    )


@lru_cache(100_000)
def words_of(key: str) -> list[str]:
    """The words of a name in any case style, in lower case."""
    return [word.lower() for word in _CAMEL.findall(key)]


@lru_cache(100_000)
def sort_of(key: str) -> Sort:
    """What a name makes of the value under it."""
    words = words_of(key)
    if not words or len(key) > 200:
        return Sort.PLAIN
    return _secret_sort(words, key) or _text_sort(words, key) or Sort.PLAIN


def _secret_sort(words: list[str], key: str) -> Sort | None:
    pairs = set(pairwise(words)) & _SECRET_PAIRS
    last, known = words[-1], set(words)
    if last in _ABOUT and not (pairs and (words[-2:] == ["secret", "id"] or words[-3:] == ["access", "key", "id"])):
        return Sort.ID if last in _ID_WORDS else None
    if last in _NUMBER_WORDS or pairs & {
        ("otp", "code"),
        ("verification", "code"),
        ("security", "code"),
        ("sms", "code"),
    }:
        return Sort.NUMBER
    if pairs == {("account", "key")}:
        return Sort.MAYBE
    # `set-cookie` is one, `cookie` may be a note on one.
    if pairs or (_SECRET_WORDS - _MAYBE_WORDS) & known:
        return Sort.SECRET
    if (
        last in _MAYBE_WORDS
        or known & _set("cookie bearer csrf xsrf")
        or key.endswith("_session")
        or words[:2] == ["remember", "web"]
    ):
        return Sort.MAYBE
    return None


def _text_sort(words: list[str], key: str) -> Sort | None:
    last = words[-1]
    if last in _ID_WORDS:
        return Sort.ID
    if last in _CONTENT_WORDS or (last in _SAID and words[-2:-1] and words[-2] in _SPEAKERS):
        return Sort.CONTENT
    if last in _PROSE_WORDS and "gen_ai" in key:
        return Sort.CONTENT
    if last in _PROSE_WORDS or ((words[0] in _CONTENT_WORDS or "gen_ai" in key) and last not in _ABOUT_TEXT):
        return Sort.PROSE
    if last in _FAINT_WORDS or (len(words) == 1 and last in PROVIDERS):
        return Sort.FAINT
    return Sort.FACT if last in _FACT_WORDS else None


@lru_cache(100_000)
def is_content_object(key: str) -> bool:
    """Whether texts below this name are somebody's."""
    words = words_of(key)
    return bool(words) and words[-1] in _CONTENT_OBJECTS


def is_diagnostic(key: str, siblings: object) -> bool:
    """Whether a `message` is an error's: by the name of its object, or by what stands beside it."""
    named = bool(set(words_of(key)) & _SAFE_IN_OBJECTS) if key else False
    return named or (isinstance(siblings, dict) and len(_DIAGNOSTIC_SIBLINGS & siblings.keys()) > 0)


@lru_cache(100_000)
def is_safe(key: str) -> bool:
    """Whether a text under this name is a diagnosis or a fact, also inside somebody's object."""
    words = words_of(key)
    # `error_message`, `exceptionText`: what a failure is called is the report's own subject, wherever it stands.
    tells = set(words[:-1]) & _SAFE_IN_OBJECTS if words[-1:] and words[-1] in _TELLS else set()
    return bool(words) and (bool(tells) or words[-1] in _SAFE_IN_OBJECTS or sort_of(key) in (Sort.ID, Sort.FACT))


# Objects and lists under these names hold secrets under names of their own.
_JARS = _set("cookie cookies credential credentials creds")


def is_secret_key(key: str, value: object, above: str = "") -> bool:
    """Whether the value under this name is a secret, for its name and what the value looks like. `above`: its object's name."""
    sort = sort_of(key)
    if sort is Sort.MAYBE and isinstance(value, dict | list):
        return words_of(key)[-1] in _JARS
    if isinstance(value, str) and sort is Sort.FAINT and words_of(key)[-1] in PROVIDERS and _is_providers(value, above):
        return True
    return is_secret(sort, value)


def _is_providers(value: str, above: str) -> bool:
    """Whether what stands under a provider's name is a key, and neither a model's name nor words."""
    is_configured = words_of(above)[-1:] and words_of(above)[-1] in _CONFIGS
    return bool(_PROVIDERS_KEY.fullmatch(value) or (is_configured and _CONFIGURED_KEY.fullmatch(value)))


def is_secret(sort: Sort, value: object) -> bool:
    """Whether a value under a name of this sort is a secret."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    if isinstance(value, str):
        return _is_secret_text(sort, value)
    if isinstance(value, int | float):
        return sort is Sort.NUMBER
    return sort in (Sort.NUMBER, Sort.SECRET)


def _is_secret_text(sort: Sort, value: str) -> bool:
    if sort in (Sort.NUMBER, Sort.SECRET):
        return not (is_state(value) or _RULE_WORDS.fullmatch(value)) and len(value) > (2 if sort is Sort.SECRET else 0)
    if sort is Sort.MAYBE:
        return not is_state(value) and not is_measure(value) and is_tokenish(value)
    return sort is Sort.FAINT and is_random(value, 15)
