"""Forms of keys that providers document, in a notation of our own, and names under which LLM packages log texts: neither list was
looked at when the rules were written for the open samples."""

from __future__ import annotations

import json
import random
import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def words(text: str) -> list[str]:
    return text.split()


R = random.Random(20261126)
# {a40}: 40 letters and digits; h: hexadecimal; l: small letters and digits; u: capitals and digits; w: letters, digits, _ and -;
# d: digits; b: base64; {id}: a UUID; {x,y}: one of these.
LETTERS = {
    "a": string.ascii_letters + string.digits,
    "h": "0123456789abcdef",
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "w": string.ascii_letters + string.digits + "_-",
    "d": string.digits,
    "b": string.ascii_letters + string.digits + "+/",
}
FORMS = words("""
A3-{u6}-{u11}-{u5}-{u5}-{u5} ops_eyJ{a250} p8e-{l32} sk-ant-admin01-{w93}AA sk-ant-api03-{w93}AA AKCp{a69} cmVmd{a59} ATATT3{w186}
b_{l44} 4b1d{a38} CLOJARS_{l60} dapi{h32} doo_v1_{h64} dop_v1_{h64} dor_v1_{h64} dp.pt.{a43} duffel_{test,live}_{a43} dt0c01.{u24}.{u64}
{d15}|{l27} EAAC{a100} fio-u-{w64} AIza{w35} glcbt-{a2}_{w20} gldt-{w20} glffct-{w20} glft-{w20} glimt-{w25} glagent-{w50} gloas-{w64}
glpat-{w20} glpat-{w30}.{l9} glptt-{h40} GR1348941{w20} glrt-{w20} t1_{w30}.{l9} glsoat-{w20} live_{l40} {a14}.atlasv1.{w65} hf_{a34}
api_org_{a34} lin_api_{a40} {h32}-us12 ntn_{d11}{a35} sk-{a20}T3BlbkFJ{a20} sk-proj-{w74}T3BlbkFJ{w74} sha256~{w43} pnu_{a36}
pypi-AgEIcHlwaS5vcmc{w60} rubygems_{h48} tk-us-{w48} SG.{w22}.{w43} xkeysib-{h64}-{a16} xoxe.xoxp-1-{a163} sq0atp-{w22} EAAA{w60}
rk_prod_{a24} {d10}:A{w34} s.{a24} alcht_{a30} pat{a14}.{h64} apify_api_{a36} {a42}AzSe{a6} {b42}+ACR{a6} {b76}APIM{a6} ATBB{a32}{u8}
BBDC-{b44} access_token$production${l16}${h32} bkua_{h40} CCIPAT_{a22}_{h40} pk_{d8}_{u32} v1.0-{w171} organizations/{id}/apiKeys/{id}
CFPAT-{w43} db-{a29} ddp_{a36} {w24}.{w6}.{w27} https://discord.com/api/webhooks/{d18}/{a68} dckr_pat_{w27} {h8}.{h35} figd_{w40}
FLWSECK-{l32}-X {h24}:{h64} ya29.{w80} glsa_{a32}_{h8} hcaik_{l60} st.{h24}.{h32}.{h32} IGQV{w150} jca_{a36} live_{h64} pk_{a34}
sk-lf-{id} pk-lf-{id} lsv2_pt_{h32}_{h10} {api,sdk}-{id} pk.{h32} mlsn.{h64} sk.{w80}.{w22} {a6}_{a29}_mmk nfp_{a36} NRAK-{u27}
2{a26}_{a21} cr_{a27} nvapi-{w64} api_live_us.{w11}.{w32} ak_live_{a30} pdl_live_apikey_{l26}_{a22}_{a3} sk_live_{h40} pcsk_{a6}_{a63}
access-{sandbox,production}-{id} ptr_{b44} phx_{w43} {pub,sub}-c-{id} rnd_{a28} re_{a8}_{a24} rh-api-{id} 00{a13}!{a96} 5AEP861{a80}
sntrys_eyJ{a120} https://hooks.slack.com/services/T{u9}/B{u9}/{a24} sqp_{h40} squ_{h40} spu-{h32} rk_live_{a24} pi_{a24}_secret_{a25}
secret-live-{w35}= tskey-auth-{a12}CNTRL-{a32} {b22}==:{a32} t-{h24}-{h24} tvly-dev-{a32} tgp_v1_{w43} ATTA{h64}{u8} BBFF-{a30} vcp_{a56}
VF.DM.{h24}.{a16} pa-{w43} wandb_v1_{a77} {stage,production}_{h64} xai-{a80} t1.{w100}.{w86} AQVN{w36} y0_{w56} YC{a38}
https://hooks.zapier.com/hooks/catch/{d7}/{l7}/ 1000.{h32}.{h32} zpka_{l32}_{l8} sk_{h48} fw_{a24} csk-{l48} r8_{a37} pplx-{a48}
sk-or-v1-{h64} sk-{h32} {id}:{h32} {h32}.{a16} m0-{a40} fc-{h32} BSA{w28} jina_{h32}{w28} v1.{h40} A{a3}AAIjcD{a50} napi_{l64}
sb_secret_{w31} sk_dev_{w58} signkey-prod-{h64} tr_dev_{a20} xau_{a40} SCW{u17} K00{b28} master-{a20} {d18}-{a40} oauth-{l12}-{id}
""")

TEXTS = words("""
prompt suffix instructions additional_instructions input output_text refusal revisedPrompt transcript utterances quote cited_text
systemPrompt system_prompts systemMessage system_instruction developer_message userMessage assistantMessage toolResultMessage aiMessage
human_input bot_reply model_output llm_response rawText page_content chatHistory scratchpad observation thought action_input final_answer
standalone_question source_text thinking thinkingDelta reasoning_content reasoningText chain_of_thought text-delta textDelta partial_json
generatedText ai.prompt ai.prompt.messages ai.response.text ai.toolCall.args ai.toolCall.result ai.response.reasoning gen_ai.prompt
gen_ai.completion gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions gen_ai.tool.call.arguments gen_ai.choice
gen_ai.evaluation.explanation gen_ai.retrieval.query.text gen_ai.prompt.0.content input.value output.value
llm.input_messages.0.message.content llm.prompts llm.prompt_template.template retrieval.documents.0.document.content embedding.text
reranker.query tool.parameters traceloop.entity.input langfuse.observation.input renderedContent webSearchQueries search_query searchTerms
preamble persona greeting caption subtitles lyrics alt_text image_description imagePrompt negative_prompt voice_memo ocr_text msg body
html plainText rich_text original_text corrected_text title chatTitle subject headline summary note_body journal_entry diary todo_text
clipboard selectedText highlight remark feedback comments biography user_question followUpQuestions suggested_replies last_message
message_preview excerpt fragmentContent story letter toolInput tool_output function_arguments fileContent new_content diff userText
user_content assistant_response responseText raw_response request_body chunk_text contextText retrieved_context memories document_text
passage paragraph hypothesis claim rationale advice critique judgement
""")


def made(form: str) -> str:
    """A key of this form."""
    form = re.sub(r"\{(\w+(?:,\w+)+)\}", lambda match: R.choice(match[1].split(",")), form)
    form = form.replace("{id}", "{h8}-{h4}-{h4}-{h4}-{h12}")
    while match := re.search(r"\{([a-z])(\d+)\}", form):
        form = form.replace(match[0], "".join(R.choices(LETTERS[match[1]], k=int(match[2]))), 1)
    return form


def around(key: str) -> Iterator[tuple[str, str]]:
    """The key in six surroundings in which nothing beside it tells what it is, each an entry as Laravel logs it."""
    request = f"GET /v1/items HTTP/1.1\r\nHost: api.example.test\r\nX-Upstream: {key}\r\nAccept: */*"
    thrown = f"[object] (RuntimeException(code: 0): Boom at /app/app/X.php:12)\n[stacktrace]\n#0 /app/app/Y.php(40): App\\X->send('{key}', Array)\n#1 {{main}}\n"
    yield "message", f'Upstream call with {key} rejected after 3 attempts {{"n":3}}'
    contexts = {
        "context": {"detail": key},
        "url": {"url": f"https://api.example.test/v1/items?ref={key}&page=2"},
        "header": {"request": request},
        "nested": {"payload": json.dumps({"a": {"b": [key]}})},
        "trace": {"exception": thrown},
    }
    for name, context in contexts.items():
        yield name, f"probe {json.dumps(context)}"
