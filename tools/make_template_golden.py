#!/usr/bin/env python3
"""Renders Tests/ChatTemplatesTests/Templates/*.jinja with jinja2 over 30 conversations and writes golden.json beside them.

The environment is the one transformers uses for chat templates (sandboxed, trim_blocks, lstrip_blocks, loop controls,
plain tojson). Run with Jinja2 3.1.6: python3 tools/make_template_golden.py
"""
import json
import pathlib
import time

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "ChatTemplatesTests" / "Templates"
NOW = 1_700_000_000  # 14 Nov 2023, 22:13:20 UTC


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what an assistant says; it changes nothing in the text."""
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: time.strftime(form, time.gmtime(NOW))
    return env


def conversations():
    texts = ["Hi", "What is 2 + 2?", "  padded \n", "line one\nline two", "Grüße, 世界 👩‍👩‍👧", "e\u0301 and é",
             "<|im_end|> literal", "{{ not a template }}", "quote \" and ' and \\", "skip", "stop",
             "<think>\nwhy\n</think>\n\nbecause", "\u00a0nbsp\u2003em\u3000"]
    system = {"role": "system", "content": "Be brief."}
    user = lambda text: {"role": "user", "content": text}
    cases = [[], [system]]
    cases += [[user(text)] for text in texts]
    cases += [[system, user(text)] for text in texts[:4]]
    for count in (3, 5, 7):
        turns = [{"role": ("user", "assistant")[i % 2], "content": texts[(i * 5 + count) % len(texts)]}
                 for i in range(count)]
        cases += [turns, [system] + turns]
    cases += [[{"role": "assistant", "content": "first"}, user("second")],
              [user("a"), user("b")],
              [user("q"), {"role": "assistant", "content": texts[11]}],
              [user("")],
              [system, {"role": "system", "content": "again"}, user("q")]]
    assert len(cases) == 30, len(cases)
    return cases


def main():
    env = environment()
    golden = []
    for path in sorted(FOLDER.glob("*.jinja")):
        template = env.from_string(path.read_text(encoding="utf-8"))
        for messages in conversations():
            for prompt in (True, False):
                entry = {"template": path.stem, "messages": messages, "add_generation_prompt": prompt}
                try:
                    entry["text"] = template.render(
                        messages=messages, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>", tools=None,
                        documents=None)
                except jinja2.exceptions.TemplateError as error:
                    entry["raised"] = str(error)
                golden.append(entry)
    (FOLDER / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{len(golden)} renderings with jinja2 {jinja2.__version__}")


if __name__ == "__main__":
    main()
