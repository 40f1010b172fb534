#!/usr/bin/python3
"""A JSON file -> C source with its bytes, without blanks: embed.py INPUT OUTPUT NAME makes `const char NAME[]`."""

import json
import sys
from pathlib import Path


def main():
    source, target, name = sys.argv[1:]
    text = json.dumps(json.loads(Path(source).read_text(encoding='utf-8')), ensure_ascii=False, separators=(',', ':'))
    rows = [','.join(str(byte) for byte in text.encode()[i:i + 32]) for i in range(0, len(text.encode()), 32)]
    Path(target).write_text(f'extern const char {name}[];\nconst char {name}[] = {{\n' + ',\n'.join(rows) + ',0};\n',
                            encoding='utf-8')


if __name__ == '__main__':
    main()
