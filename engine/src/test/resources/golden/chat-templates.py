"""Makes chat-templates.jsonl beside it again, with Jinja2 3.1.6 set up as Hugging Face's transformers sets it up:

    python3 chat-templates.py

One line a rendering: name, template, messages, add_generation_prompt, options, and the text or the word "error".
The templates follow the formats that the makers of the models document; the snippets hold single features.
"""
import datetime
import json
import pathlib

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 11, 22, 5, 4, 3)

CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

QWEN3 = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(searching=true, last_query=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last_query = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thoughts = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query and (loop.last or thoughts) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

MIXTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in turns %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.first and system_message is defined %}
            {{- " [INST] " + system_message + "\\n\\n" + message["content"] + " [/INST]" }}
        {%- else %}
            {{- " [INST] " + message["content"] + " [/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + message["content"] + eos_token }}
    {%- endif %}
{%- endfor %}
"""

LLAMA3 = """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>

'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>

' }}{% endif %}"""

OLMOE = """{{ bos_token }}{% for message in messages %}
{% if message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] }}
{% elif message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

PHI35 = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}"""

GRANITE = """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set system_message = "Knowledge Cutoff Date: April 2024.\\nToday's Date: " + strftime_now('%B %d, %Y') + ".\\nYou are Granite, developed by IBM." %}
    {%- if controls and 'length' in controls %}
        {%- set system_message = system_message + " Answer briefly." %}
    {%- endif %}
    {%- set turns = messages %}
{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\\n' }}
{%- for message in turns %}
    {{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<|start_of_role|>assistant<|end_of_role|>' }}
    {%- endif %}
{%- endfor %}"""

HARMONY = """{#- messages of the harmony format: start, role, channel, message, end #}
{%- macro system_lines(effort="medium") -%}
    {{- "You are ChatGPT, a large language model trained by OpenAI.\\n" }}
    {{- "Knowledge cutoff: 2024-06\\n" }}
    {{- "Current date: " + strftime_now("%Y-%m-%d") + "\\n\\n" }}
    {{- "Reasoning: " + effort + "\\n\\n" }}
    {{- "# Valid channels: analysis, commentary, final. Channel must be included for every message." }}
{%- endmacro -%}
{{- "<|start|>system<|message|>" + system_lines(reasoning_effort if reasoning_effort is defined else "medium") + "<|end|>" }}
{%- if messages[0].role == "developer" or messages[0].role == "system" %}
    {%- set developer_message = messages[0].content %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set developer_message = "" %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if developer_message %}
    {{- "<|start|>developer<|message|># Instructions\\n\\n" + developer_message + "\\n\\n<|end|>" }}
{%- endif %}
{%- for message in loop_messages -%}
    {%- if message.role == 'assistant' -%}
        {%- if "<|channel|>analysis<|message|>" in message.content or "<|channel|>final<|message|>" in message.content %}
            {{- raise_exception("the content of an assistant message holds channel tags") }}
        {%- endif %}
        {%- if loop.last and not add_generation_prompt %}
            {{- "<|start|>assistant<|channel|>final<|message|>" + message.content + "<|return|>" }}
        {%- else %}
            {{- "<|start|>assistant<|channel|>final<|message|>" + message.content + "<|end|>" }}
        {%- endif %}
    {%- elif message.role == 'user' -%}
        {{- "<|start|>user<|message|>" + message.content + "<|end|>" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|start|>assistant
{%- endif -%}"""

DEEPSEEK_V2 = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '

' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ message['content'] + '

' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""

COMPOSED = """{% for message in messages %}{{ '<|' + message.role + '|>' + '\n' + message.content | trim + '<|end|>' + '\n' }}{% endfor %}{{ '<|assistant|>\n' if add_generation_prompt else eos_token }}"""

FAMILIES = {"qwen2": CHATML, "qwen3": QWEN3, "mixtral": MIXTRAL, "llama-3": LLAMA3, "olmoe": OLMOE, "phi-3.5": PHI35,
            "granite": GRANITE, "gpt-oss": HARMONY, "deepseek-v2": DEEPSEEK_V2, "composed": COMPOSED}


def system(content): return {"role": "system", "content": content}
def user(content): return {"role": "user", "content": content}
def assistant(content): return {"role": "assistant", "content": content}


CONVERSATIONS = [
    ([user("Hello")], True, {}),
    ([system("You are terse."), user("Hello")], True, {}),
    ([user("Hi"), assistant("Hello!"), user("Bye")], True, {"enable_thinking": False, "reasoning_effort": "low"}),
    ([system("  spaces \n"), user("\n padded  "), assistant("yes "), user("x\n\n")], True, {"enable_thinking": True}),
    ([user("a"), assistant("<think>\nhm\n</think>\n\nb")], False, {}),
    ([user("a"), assistant("<think>\nhm\n</think>\n\nb"), user("c"), assistant("d")], False, {}),
    ([user("{{ 7 * 7 }} {% raw %} {# no #} ' \" \\")], True, {}),
    ([user("é 中 😀 \u200d")], True, {}),
    ([user("")], True, {}),
    ([user("a"), user("b")], True, {}),
]

SNIPPETS = [
    "{{ [1, 2, 3][::-1] }}{{ 'abcdef'[1:-1] }}{{ 'abcdef'[::-2] }}{{ 'a😀b'[1:] }}{{ [1,2,3][-2:] }}{{ 'abc'[-9:9] }}",
    "{{ 'abc'[5:1:-1] }}|{{ 'abc'[-1:-9:-1] }}|{{ [1,2,3,4][3:0:-2] }}|{{ 'x'[1:] }}",
    "{{ '%s' | length }}{{ 'é😀'|length }}{{ [] | length }}{{ {'a': 1} | length }}",
    "{{ '  a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'xxaxx'.rstrip('x') }}|{{ ' a '|trim }}",
    "{{ 'a,b,c'.split(',') }}{{ 'a b  c '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b c'.split(none, 1) }}",
    "{{ 'a\nb\r\nc\n'.splitlines() }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'abcabc'.replace('b', 'X', 1) }}",
    "{{ 'abc'.find('c') }}{{ 'abc'.find('x') }}{{ 'abca'.rfind('a') }}{{ 'aXbXc'.count('X') }}{{ '{}-{}'.format(1, 'b') }}",
    "{{ 'hello world'|title }}{{ 'hELLO'|capitalize }}{{ 'a'|upper }}{{ 'A'|lower }}{{ 'é'.upper() }}{{ '12'.isdigit() }}",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }} {{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 'ab' * 2 }} {{ 1.5 + 1 }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' in 'abc' }} {{ 'x' not in ['x'] }} {{ 2 in [1, 2] }} {{ 'k' in {'k': 1} }}",
    "{{ true and 'x' }}{{ '' or 'y' }}{{ none or 0 }}{{ not true }}{{ not '' }}{{ 0 and 1 }}",
    "{{ 1 if true else 2 }}{{ 1 if false }}|{{ 'a' if false else 'b' if false else 'c' }}",
    "{{ 1 ~ 'a' ~ true ~ none }}{{ 'a' 'b' }}{{ '\\n\\t\\x41\\u00e9' }}{{ \"it's\" }}",
    "{{ missing }}|{{ missing is defined }}|{{ missing|default('d') }}|{{ ''|default('d') }}|{{ ''|default('d', true) }}|{{ none|d('x') }}",
    "{{ none is none }}{{ 'a' is string }}{{ 1 is number }}{{ [] is iterable }}{{ {} is mapping }}{{ 'a' is not mapping }}{{ 3 is odd }}{{ 4 is divisibleby 2 }}{{ true is true }}{{ 1 is boolean }}",
    "{{ [1, 'a', none, true, 1.5, {'b': []}] }}{{ (1, 2)|list }}{{ {'a': 'x'}['a'] }}{{ {'a': 1}.a }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.get('b') }}",
    "{{ {'a': 'é\"\\n<', 'b': [1, 2.5, true, none]}|tojson }}{{ [1, {'a': 2}]|tojson(indent=2) }}{{ []|tojson }}",
    "{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in {'b': 1, 'a': 2}|dictsort %}{{ k }}{% endfor %}{% for k in {'z': 1} %}{{ k }}{% endfor %}",
    "{% for i in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}{% for i in [] %}x{% else %}none{% endfor %}",
    "{% for i in range(5) if i is even %}{{ i }}{{ loop.index }}{% endfor %}{% for i in range(9, 0, -3) %}{{ i }}{% endfor %}{% for i in [1,2,3] %}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}",
    "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set x %}a{{ 1 }}b{% endset %}{{ x|upper }}{% filter upper %}abc{% endfilter %}{% raw %}{{ x }}{% endraw %}",
    "{% macro m(a, b='B', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m('A') }}{{ m('A', c='C') }}{{ m('A', 'X') }}{{ m() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%- if true -%}\n  b\n  {%- endif %}\n\nc  {{- 'd' -}}  \n e\n\n",
    "a  {%+ if true %}b{% endif +%}\nc\n  {# comment #}\nd {#- x -#} e",
    "{{ [{'r': 'a', 'n': 1}, {'r': 'b', 'n': 2}]|selectattr('r', 'equalto', 'b')|map(attribute='n')|list }}{{ [3, 1]|first }}{{ [3, 1]|last }}{{ ['a', 'b']|join('-') }}{{ ['a']|map('upper')|join }}",
    "{{ 'a\nb\n\nc'|indent(2) }}{{ 'a\nb'|indent(2, true) }}{{ '3'|int + 1 }}{{ 'x'|int }}{{ 3|string + '!' }}{{ -3|abs }}{{ [1,2]|reverse|list }}",
    "{{ messages|length }}{{ messages[0].content|trim }}{{ messages[-1]['role'] }}{{ messages[0].nothing is defined }}{{ messages[0]['content'][:2] }}",
    "{{ strftime_now('%d %b %Y %H:%M %A %j %y %B %p %I %%') }}",
    "{{ raise_exception('no') }}",
    "{{ missing.attribute }}", "{{ 1 + 'a' }}", "{{ none.x.y }}", "{{ missing() }}", "{% for i in 5 %}{% endfor %}", "{{ 'a'|nofilter }}",
    "{% if %}", "{{ 1 +", "{% endfor %}", "{% for x in [1] %}", "{{ 'abc }}", "{% include 'x' %}", "{{ (1 }}",
]


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = NOW.strftime


def row(name, template, messages, add_generation_prompt, options):
    try:
        text = environment.from_string(template).render(
            messages=messages, add_generation_prompt=add_generation_prompt, bos_token="<s>", eos_token="</s>", **options)
        result = {"text": text}
    except Exception:
        result = {"error": True}
    return {"name": name, "template": template, "messages": messages, "add_generation_prompt": add_generation_prompt,
            "options": options, **result}


rows = [row(name, template, *conversation) for name, template in FAMILIES.items() for conversation in CONVERSATIONS]
rows += [row(f"snippet {i}", snippet, [user(" hi ")], True, {}) for i, snippet in enumerate(SNIPPETS)]
out = pathlib.Path(__file__).with_name("chat-templates.jsonl")
out.write_text("".join(json.dumps(r) + "\n" for r in rows))
