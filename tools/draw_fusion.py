#!/usr/bin/env python3
"""Draws a fused text as an SVG: each segment in the colour of the model that proposed it, agreed ones in grey.

coolfusion fuse ... --json | python3 tools/draw_fusion.py "PROMPT" > picture.svg
"""
import html
import json
import sys

COLOURS = ["#0b7285", "#a61e4d", "#5f3dc4", "#2b8a3e", "#d9480f", "#364fc7"]
AGREED = "#495057"
LINE, CHARACTER, MARGIN = 24, 9.0, 20


def main():
    prompt = sys.argv[1]
    result = json.load(sys.stdin)
    names = [model["name"] for model in result["models"]]
    lines = [[(part, "#868e96")] for part in prompt.split("\n")] + [[]]
    for segment in result["segments"]:
        ranked = segment["how"] == "ranked"
        colour = COLOURS[names.index(segment["proposers"][0]) % len(COLOURS)] if ranked else AGREED
        for index, part in enumerate(segment["text"].split("\n")):
            if index:
                lines.append([])
            if part:
                lines[-1].append((part, colour))
    lines += [[], [(f"■ {name}   ", COLOURS[i % len(COLOURS)]) for i, name in enumerate(names)] + [("■ all agree", AGREED)]]
    width = int(2 * MARGIN + CHARACTER * max(sum(len(text) for text, _ in line) for line in lines))
    height = 2 * MARGIN + LINE * len(lines)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">')
    print('<rect width="100%" height="100%" rx="8" fill="#f8f9fa"/>')
    print('<g font-family="ui-monospace, Menlo, DejaVu Sans Mono, monospace" font-size="15" xml:space="preserve">')
    for row, line in enumerate(lines):
        column = 0
        for text, colour in line:
            x, y = MARGIN + CHARACTER * column, MARGIN + LINE * row + 16
            span = CHARACTER * len(text)
            print(f'<text x="{x:.1f}" y="{y}" fill="{colour}" textLength="{span:.1f}">{html.escape(text)}</text>')
            column += len(text)
    print("</g></svg>")


if __name__ == "__main__":
    main()
