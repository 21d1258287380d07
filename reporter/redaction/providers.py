"""Keys and tokens that their shape gives away: those of well-known providers by prefix, all others by looking like one.

Shapes are those that the providers document, a little wider: a key that was cut or whose length changed is one all the same.
"""

from __future__ import annotations

import re

from reporter.redaction.checks import is_jumbled, is_random
from reporter.redaction.patterns import begins
from reporter.redaction.rule import Rule

_START = begins("A-Za-z0-9_-")
# Behind a word and `_` only what no name goes on with: these shapes, where a digit is in them.
_JOINED = rf"(?:{_START}|(?<=_)(?=[^\s\"',;]{{0,40}}[0-9]))"
_JOINABLE = (
    "anthropic openrouter openai google aws alibaba github gitlab slack stripe sendgrid brevo huggingface npm pypi shopify square facebook terraform"
    " doppler dynatrace databricks flutterwave atlassian cloudflare heroku new-relic easypost artifactory airtable postman docker telegram mailchimp"
    " twilio 1password age clickhouse openshift maxmind voiceflow scaleway trello"
)
_SLASHED = r"(?:[A-Za-z0-9+/_=-]|\\/)"
# name, the ends of a pattern that begins where a word does, what is in everything it matches (lower case).
_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("anthropic", r"sk-ant-[\w-]{16,}", "sk-ant-"),
    ("openrouter", r"sk-or-[\w-]{16,}", "sk-or-"),
    ("openai", r"(?:sk|sess)-(?:proj-|svcacct-|admin-|None-|api-|lf-)?[A-Za-z0-9_-]{16,}", "sk- sess-"),
    ("google", r"AIza[\w-]{30,}|ya29\.[\w.-]{8,}|GOCSPX-[\w-]{20,}|AQ\.Ab8[\w-]{30,}|1//0[\w-]{30,}", "aiza ya29. gocspx- aq.ab8 1//0"),
    ("aws", r"(?:A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|AROA|APKA|ASCA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", "a3t abia acca agpa aida aipa akia anpa anva aroa apka asca asia"),
    ("aws", rf"ABSK{_SLASHED}{{40,}}|bedrock-api-key-{_SLASHED}{{20,}}", "absk bedrock-api-key-"),
    ("alibaba", r"LTAI[A-Za-z0-9]{12,24}|STS\.[A-Za-z0-9]{16,64}", "ltai sts."),
    ("github", r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|v1\.[0-9a-f]{40}(?!\w))", "v1. ghp_ gho_ ghu_ ghs_ ghr_ github_pat_"),
    ("gitlab", r"(?:glpat|gldt|glft|glsoat|glrt|glcbt|glptt|glffct|glimt|glagent|gloas|glwt)-[\w.-]{16,}|GR1348941[\w-]{20}|t\d_[\w-]{27,}\.[0-9a-z]{9}(?!\w)|_gitlab_session=[0-9a-z]{32}", "glpat- gldt- glft- glsoat- glrt- glcbt- glptt- glffct- glimt- glagent- gloas- glwt- gr1348941 t0_ t1_ t2_ t3_ t4_ t5_ t6_ t7_ t8_ t9_ _gitlab_session="),
    ("slack", r"xox[a-z](?:\.xox[bp])?-[A-Za-z0-9%/+-]{10,}|xapp-[A-Za-z0-9-]{10,}", "xox xapp-"),
    ("stripe", r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}|(?:pi|seti|src|cs)_[A-Za-z0-9_]{8,80}_secret_[A-Za-z0-9]{10,}", "k_live_ k_test_ k_prod_ whsec_ _secret_"),
    ("sendgrid", r"SG\.[\w=.-]{40,}", "sg."),
    ("brevo", r"x(?:key|smtp)sib-[\w-]{20,}", "sib-"),
    ("mailgun", r"(?:key|pubkey)-[0-9a-zA-Z]{32,}", "key-"),
    ("huggingface", r"(?:hf_|api_org_)[A-Za-z0-9]{20,}", "hf_ api_org_"),
    ("model-provider", r"(?:gsk_|xai-|r8_|pplx-|fw_|tgp_v1_|csk-|nvapi-|voyage-|jina_|lsv2_(?:pt|sk)_|pcsk_|llx-|sk_car_|pa-|al-|wandb_v1_|rpa_|BSA|pk-lf-|tvly-)[\w-]{20,}", "gsk_ xai- r8_ pplx- fw_ tgp_v1_ csk- nvapi- voyage- jina_ lsv2_ pcsk_ llx- sk_car_ pa- al- wandb_ rpa_ bsa pk-lf- tvly-"),
    ("npm", r"npm_[A-Za-z0-9]{20,}", "npm_"),
    ("pypi", r"pypi-[\w-]{20,}", "pypi-"),
    ("shopify", r"shp(?:at|ca|pa|ss|ltm|tka|ua)_[0-9a-zA-Z]{20,}", "shp"),
    ("square", r"(?:sandbox-)?sq0[a-z]{3}-[\w-]{20,}|EAAA[\w-]{22,}", "sq0 eaaa"),
    ("facebook", r"EAA[A-Z][A-Za-z0-9]{60,}|IGQ[\w-]{60,}", "eaa igq"),
    ("vault", r"hv[sbr]\.[\w-]{20,}", "hvs. hvb. hvr."),
    ("terraform", r"[A-Za-z0-9]{14}\.?atlasv1\.?[\w=-]{20,}|[A-Za-z0-9]{12,16}atlasv1[\w=-]{20,}", "atlasv1"),
    ("dropbox", r"sl\.(?:u\.)?[\w.=-]{50,}", "sl."),
    ("dynatrace", r"dt0[a-z]\d\d\.[A-Za-z0-9]{20,}\.[A-Za-z0-9]{20,}", "dt0"),
    ("doppler", r"dp\.[a-z]{2,5}\.(?:[\w-]+\.)?[A-Za-z0-9]{20,}", "dp."),
    ("databricks", r"dapi[0-9a-f]{32}(?:-\d)?|dose[0-9a-f]{32}|dkea[0-9a-f]{32}", "dapi dose dkea"),
    ("azure", r"[A-Za-z0-9_~.]{3}\dQ~[\w~.-]{28,}", "q~"),
    ("azure", rf"(?<![+/=]){_SLASHED}{{20,100}}(?:AzSe|AzCa|ACR|AIoT|APIM|ASt|AzFu|ABa|ACDb|AEh)[A-Za-z0-9]{{2,12}}={{0,2}}|(?<![+/=]){_SLASHED}{{40,60}}(?:\+ACR|\+ASt|\+ARm|\+AEh|\+AIoT|\+ABa)\w{{4,8}}", "azse azca acr aiot apim ast azfu aba acdb aeh arm"),
    ("flutterwave", r"FLW(?:SECK|PUBK)(?:_TEST|_LIVE)?-[\w-]{10,}", "flwseck flwpubk"),
    ("fly", rf"(?:fo1_|fm1[ar]_|fm2_){_SLASHED}{{20,}}|FlyV1\s+[\w=,/+-]{{20,}}", "fo1_ fm1 fm2_ flyv1"),
    ("atlassian", r"(?:ATATT|ATCTT|ATBB|ATSTT|BBDC-)[\w=+/-]{16,}", "atatt atctt atbb atstt bbdc-"),
    ("cloudflare", r"v1\.0-[\w-]{80,}|cf[a-z]{2}_[A-Za-z0-9]{30,}", "v1.0- cf"),
    ("heroku", r"HRKU-[\w-]{20,}", "hrku-"),
    ("new-relic", r"NR(?:AK|JS|II|IQ|RA|AA|SP|BR|MD)-[A-Za-z0-9-]{16,}", "nr"),
    ("octopus", r"API-[A-Z0-9]{20,}", "api-"),
    ("easypost", r"EZ[AT]K[A-Za-z0-9]{40,}", "ezak eztk"),
    ("artifactory", r"AKCp[A-Za-z0-9]{40,}|cmVmd[A-Za-z0-9]{40,}", "akcp cmvmd"),
    ("harness", r"(?:pat|sat)\.[\w-]{16,30}\.[\w-]{16,30}\.[A-Za-z0-9]{16,}", "at."),
    ("airtable", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{40,}|[A-Za-z0-9]{8,24}\.v\d\.[A-Za-z0-9+/=]{2,}\.[A-Za-z0-9+/=]{8,}", "pat .v"),
    ("mapbox", r"(?:pk|sk|tk)\.(?:[\w-]{40,}\.[\w-]{16,}|[\w.-]{80,})", "k."),
    ("locationiq", r"pk\.[0-9a-f]{32}(?!\w)", "pk."),
    ("postman", r"PMA[KT]-[\w-]{20,}", "pma"),
    ("zoho", r"1000\.[a-f0-9]{32}\.[a-f0-9]{32}", "1000."),
    ("salesforce", r"3MVG9[\w.+/=-]{40,}|00[A-Za-z0-9]{13,16}![\w.]{40,}|5AEP861[\w.=]{40,}", "3mvg9 ! 5aep861"),
    ("nylas-datastax", r"AstraCS:[\w:.-]{20,}|nyk_[A-Za-z0-9]{20,}", "astracs: nyk_"),
    ("docker", r"dckr_[a-z]{2,5}_[\w-]{20,}|SWM(?:TKN|KEY)-1-[\w+/-]{20,}", "dckr_ swmtkn- swmkey-"),
    ("telegram", r"\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])", ":"),

    ("mailchimp", r"[0-9a-f]{32}-us\d{1,2}(?!\w)", "-us"),
    ("twilio", r"(?:SK|AC)[0-9a-fA-F]{32}(?![A-Za-z0-9])", "sk ac"),
    ("1password", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|ops_eyJ[\w+/=-]{20,}", "a3- ops_eyj"),
    ("age", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}", "age-secret-key-"),
    ("clickhouse", r"4b1d[A-Za-z0-9]{38}(?![A-Za-z0-9])", "4b1d"),
    ("openshift", r"sha256~[\w-]{43}", "sha256~"),
    ("authress", r"(?:sc|ext|scauth|authress)_[A-Za-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.acc[_-][A-Za-z0-9-]{10,32}\.[\w+/=-]{20,}", "acc_ acc-"),
    ("fullstory", rf"(?:na1|eu1)\.{_SLASHED}{{30,}}", "na1. eu1."),
    ("shutterstock", rf"v2/{_SLASHED}{{60,}}", "v2/"),
    ("maxmind", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{20,40}_mmk", "_mmk"),
    ("endor", r"endr\+[A-Za-z0-9-]{16,}", "endr+"),
    ("asaas", r"\$aact_[\w-]{20,}", "aact_"),
    ("sanctum", r"\d{1,8}\|[A-Za-z0-9]{40,64}(?![A-Za-z0-9])", "|"),
    ("facebook", r"\d{13,17}(?:\||%7C)[\w-]{27,40}", "| %7c"),
    ("vault", r"s\.[A-Za-z0-9]{24}(?![\w.])", "s."),
    ("tableau", r"[A-Za-z0-9+/]{22}==:[A-Za-z0-9]{32}", "==:"),
    ("azure", r"[01]\.A[\w-]{24,}\.A[\w-]{40,}", ".a"),
    ("provider-key", r"(?:ph[a-z]_|fig[a-z]_|tfp_|sbp_|sb_secret_|rdme_|rootly_|slk_|sgp_|sntry[a-z]_|csa_|ico-|dnkey-|pul-|pscale_[a-z]{2,6}_|shippo_[a-z]{4}_|sm_[a-z]at_|flb_[a-z]{4}_|ramp_[a-z]{2,3}_|rzp_[a-z]{4}_|CFPAT-|CCIP[A-Z]{2,3}_|gl[cs]a?_|cli_|tkn\.v\d_|act_|pri_|pub_|thog-[a-z]+-|API_KEY|ptr_|salad_cloud_|y0_|AQVN|BBFF-|m0-|pat-[a-z]{2}\d-|duffel_[a-z]{4}_|rubygems_|packagist_[a-z]{3}_|apify_api_|AIK_[A-Z]+_|CLOJARS_|bk[a-z]{2,4}_|lin_[a-z]{2,5}_|ntn_|secret_|napi_|ddp_|ddo_|re_[A-Za-z0-9]{8}_|rnd_|tskey-[a-z]+-|mlsn\.|fio-u-|dvc_[a-z]+_|p8e-|prf_|polar_[a-z]+_|pina_|pnu_|os_v2_[a-z]+_|tk-us-|tss_|ucat_|unkey_|vtwn_|vc[kairp]_|waka_|wrka[a-z]{0,2}-|xnd_|zpka_|mdb_sa_[a-z]{2}_|mergify_|essu_|cnvca|cog_|apk_|ion_|lip_|CCDB1_|do[opr]_v1_|sha_|api_(?:live|sandbox)[a-z_]*\.|uk_|pdl_|nfp_|atlas_|sec_|lmnr_|e2b_|tvly-|exa_|sk_V2_|shm_|cal_live_|cr_|dG9rO|nf[pu]_|nx[a-z]_|hs_|hb[a-z]{2}_|pdct_|ubi_|d7_)[\w-][\w.=+/-]{11,}", "_ - . api_key cnvca dg9ro aqvn"),
    ("yandex", r"t1\.[\w-]{20,}={0,2}\.[\w-]{60,}={0,2}", "t1."),
    ("voiceflow", r"VF\.(?:DM|WS)\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{16}", "vf."),
    ("braintree", r"access_token\$(?:sandbox|production)\$\w{16}\$[0-9a-f]{32}", "access_token$"),
    ("coinbase", r"organizations\\?/[0-9a-f-]{36}\\?/apiKeys\\?/[0-9a-f-]{36}", "apikeys"),
    ("scaleway", r"SCW[A-Z0-9]{17}(?!\w)", "scw"),
    ("clickup", r"pk_\d{6,10}_[A-Z0-9]{32}", "pk_"),
    ("trello", r"ATTA[0-9a-f]{60,}", "atta"),
    ("tatum", r"t-[0-9a-f]{24}-[0-9a-f]{24}(?!\w)", "t-"),
    ("wepay", r"(?:stage|production)_[0-9a-f]{64}(?!\w)", "stage_ production_"),
    ("provider-key", r"(?:live|b)_[a-z0-9=_-]{40}(?:[a-z0-9=_-]{4})?(?![\w=-])", "live_ b_"),
    ("provider-key", r"(?:sq[pua]_|fc-|sp[tu]-|kit_|bkua_|pul-|signkey-[a-z]{4}-|tr_[a-z]{3,4}_)[0-9a-f]{32,}(?!\w)|tr_(?:dev|prod|stg)_[A-Za-z0-9]{20}", "sqp_ squ_ sqa_ fc- spt- spu- kit_ bkua_ pul- signkey- tr_"),
    ("provider-key", r"(?:master|account)-[0-9A-Za-z]{20}(?!\w)", "master- account-"),
    ("provider-key", r"oauth-(?:[a-z0-9_.-]{4,40}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9]{8,20}-[a-z0-9]{5})(?!\w)", "oauth-"),
    ("intra42", r"s-s4t2[a-z]{2}-[a-f0-9]{40,}", "s-s4t2"),
)  # fmt: skip

# What goes before ids that are no secrets: those of LLM providers, payments, caches and our own.
_IDS = frozenset(
    [
        "msg",
        "chatcmpl",
        "cmpl",
        "toolu",
        "thread",
        "file",
        "run",
        "req",
        "resp",
        "asst",
        "call",
        "step",
        "cmd",
        "job",
        "user",
        "usr",
        "batch",
        "conv",
        "evt",
        "event",
        "cus",
        "ch",
        "pi",
        "in",
        "ii",
        "sub",
        "si",
        "prod",
        "price",
        "seti",
        "pm",
        "txn",
        "acct",
        "org",
        "proj",
        "project",
        "vs",
        "vsfc",
        "ft",
        "ftjob",
        "item",
        "rs",
        "fc",
        "ws",
        "mcp",
        "gen",
        "img",
        "audio",
        "embd",
        "modr",
        "trace",
        "span",
        "session",
        "request",
        "corr",
        "correlation",
        "id",
        "task",
        "agent",
        "workflow",
        "wf",
        "exec",
        "execution",
        "invocation",
        "fragment",
        "message",
        "msgbatch",
        "srvtoolu",
        "container",
        "doc",
        "document",
        "page",
        "node",
        "edge",
        "upload",
        "part",
        "block",
        "fp",
        "snap",
        "app",
        "build",
        "index",
        "main",
        "vendor",
        "chunk",
        "assets",
        "laravel",
        "cache",
        "schedule",
        "unique",
        "illuminate",
        "tag",
        "lock",
        "queue",
        "view",
        "css",
        "js",
        "php",
        "php8",
        "pkg",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "md5",
        "etag",
        "v",
        "git",
        "commit",
        "ref",
        "branch",
        "inv",
        "order",
        "cart",
        "channel",
        "conversation",
        "reasoning",
        "response",
        "uuid",
        "ulid",
        "claude",
        "gpt",
        "gemini",
        "llama",
        "mistral",
        "text",
        "o1",
        "o3",
        "o4",
        "qwen",
        "phi",
        "mixtral",
        "command",
        "deepseek",
        "embed",
        "whisper",
        "tts",
        "dall",
    ]
)
_MARKS = (
    "sk|pk|rk|key|keys|api|apikey|token|tok|tkn|secret|sec|pat|oat|aat|sat|cat|rat|pw|pwd|pass|live|test|prod|sandbox|production|staging|pub|priv|pri"
    "|public|private|auth|sess|access|refresh|oauth|srv|svc|acc|acct|admin|client|server|mobile|personal|org|team|root|bot|hook|webhook|user|ak|ck|cs|at|rt"
    "|pt|ct|ort|out|sys|sdk|jwt|id|uat|dat|cmt|ci|pub"
)


# What a UUID may follow that is a key, and no id.
_KEYED = "sk|pk|key|api|apikey|sdk|mob|token|tok|access|refresh|secret|auth|pub-c|sub-c|sec-c|live|prod|production|sandbox|development"


def is_other_token(text: str) -> bool:
    """Whether a token with an unknown prefix is a key: what follows the prefix is random, and the prefix is no id's."""
    parts = re.split(r"[_.:+-]", text)
    body = max(parts, key=len)
    before = [part for part in parts[: parts.index(body)] if part]
    if not before or before[0].lower() in _IDS:
        return False
    if set(body) <= set("0123456789abcdef") and len(body) >= 32:
        return len(before) > 1 or before[-1].lower() in _MARKS.split("|")
    return is_random(body)


def is_marked_token(text: str) -> bool:
    """The same where the prefix says that it is one: what follows may be short, or hexadecimal."""
    parts = re.split(r"[_.-]", text)
    body = "".join(part for part in parts if len(part) >= 6) or text
    is_id = parts[0].lower() in _IDS and parts[0].lower() not in _MARKS.split("|")
    mixed = any(char.isdigit() for char in body) and any(char.isalpha() for char in body)
    return (
        not is_id
        and mixed
        and len(set(body)) >= 8
        and (is_random(body, 12) or set(body.lower()) <= set("0123456789abcdef"))
    )


# What stands before a long random text that is no secret: a hash, an image, an id.
_NAMED_ELSE = r"(?i)(?:base64,[A-Za-z0-9+/=\\]*[+/\\]|sha-?\d{1,3}[-:][A-Za-z0-9+/=]*|base64,|;base64|\w*(?:id|ids|uuid|hash|digest|md5|sha\d*|checksum|etag|commit|integrity|fingerprint|boundary)(?:\\*[\"'])?\]?\s*(?:[:=]|=>)\s*(?:\\*[\"']|W/)*)$"


def _is_key(text: str) -> bool:
    """A prefix that may begin a name as well has digits behind it, or letters of both cases without an order."""
    return sum(char.isdigit() for char in text) > 1 or is_jumbled(text)


def _is_last_random(text: str) -> bool:
    """What is behind the last sign that parts a key."""
    return is_random(max(re.split(r"[.-]", text)[-2:], key=len), 12)


TOKENS: tuple[Rule, ...] = (
    *(Rule(name, (_JOINED if name in _JOINABLE.split() else _START) + f"(?:{text})", tuple(anchors.split()), _is_key if name == "provider-key" else None) for name, text, anchors in _TOKENS),
    Rule("discord", _START + r"[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}", (".",), _is_last_random),
    Rule("twitter", _START + r"\d{15,25}-[A-Za-z0-9]{20,45}(?![\w-])", ("-",), lambda text: len(set(text.partition("-")[2])) > 9, look=r"\d{15}[\d]{0,10}-[A-Za-z0-9]{6}"),
    # Keys of two parts: hexadecimal numbers, one of which is as long as a key.
    Rule("token", _START + r"(?:st\.)?(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,32})(?:[.:][0-9a-f]{32,64})+(?!\w)|(?<!\w)[0-9a-f]{32}\.[A-Za-z0-9]{16}(?!\w)", (".", ":"), None, _NAMED_ELSE, look=r"[0-9a-f]{6}[.:][0-9A-Za-z]{12}"),
    Rule("token", _START + rf"(?:[a-z]{{2,8}}[_-])?(?:{_KEYED})[_-](?:[a-z0-9]{{1,12}}[_-])?[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}(?![\w-])", ("-",), None, _NAMED_ELSE, look=rf"(?:{_KEYED})[_-](?:[a-z0-9]{{1,12}}[_-])?[0-9a-f]{{8}}-[0-9a-f]{{4}}-"),
    Rule("okta", _START + r"00[A-Za-z0-9_-]{40}(?![\w-])", ("00",), is_random, look=r"(?:^|[^\w-])n?00[A-Za-z0-9_-]{40}"),
    Rule("token", _START + rf"(?:[A-Za-z][A-Za-z0-9]{{0,19}}[_.-]){{0,3}}(?:{_MARKS})[_-](?:[A-Za-z0-9]{{1,8}}[_-]){{0,2}}[A-Za-z0-9][\w=-]{{11,}}", ("_", "-"), is_marked_token, _NAMED_ELSE, look=rf"(?:{_MARKS})[_-](?:[A-Za-z0-9]{{1,8}}[_-]){{0,2}}[A-Za-z0-9]{{12}}"),
    Rule("token", _START + r"(?:[A-Za-z][A-Za-z0-9]{1,11}[_.+-]){1,3}[A-Za-z]{0,30}[0-9][A-Za-z0-9]{13,}[\w=-]*", ("_", ".", "-", "+"), is_other_token, _NAMED_ELSE, look=r"[_.+-][A-Za-z0-9]{0,8}(?:[0-9][G-Zg-z]|[G-Zg-z][0-9])[A-Za-z0-9]{6}"),
    Rule("token", r"(?<![A-Za-z0-9+/_\\.-])(?=[A-Za-z+/_-]*[0-9])(?:[A-Za-z0-9+_~-]|\\?/){30,}={0,3}(?![\w./])", (), lambda text: is_random(text.replace("\\", ""), 30) and not text.startswith("/") and _is_one(text), _NAMED_ELSE, look=r"[A-Za-z0-9+/=_~-]{6}(?:[0-9][G-Zg-z]|[G-Zg-z][0-9]|[A-F][0-9]{1,2}[a-f]|[a-f][0-9]{1,2}[A-F])[A-Za-z0-9+/=_~-]{6}"),
)  # fmt: skip


def _is_one(text: str) -> bool:
    """Not a path or a name of several words: hardly any part of a random text is a word."""
    parts = [part for part in re.split(r"[/_+\\-]", text) if part]
    words = sum(len(part) for part in parts if part.isalpha() and (part.islower() or part.istitle()) and len(part) > 2)
    return words * 3 < len(text) and parts[0].lower() not in _IDS
