#!/usr/bin/python3
"""A man page: its text from PAGE.in, its lists of options from what the program itself says with --help.

    page.py INPUT OUTPUT VERSION PROGRAM

A line of the input that is @OPTIONS@, @KEYS@ or @COMMANDS@ is replaced by the options of the daemon, the same as keys
of its configuration file, or the commands of the tool with their options."""

import re
import subprocess
import sys
from pathlib import Path

OPTION = re.compile(r'  --([\w-]+)(?: (\S+))? {2,}(\S.*)')  # --name VALUE  sentence
MORE = re.compile(r' {20,}(\S.*)')  # under a sentence: more about the same option


def help_of(program, *command):
    return subprocess.run([program, *command, '--help'], check=True, capture_output=True, encoding='utf-8').stdout


def options_in(page):
    """(name, what stands for its value or None, sentences) of every option."""
    found = []
    for line in page.splitlines():
        if match := OPTION.fullmatch(line):
            found.append((match[1], match[2], [match[3]]))
        elif match := MORE.fullmatch(line):
            found[-1][2].append(match[1])
    if not found:
        sys.exit(f'no options in:\n{page}')
    return found


def plain(text):
    """A line of text that is no macro; names of variables are not to be broken."""
    text = re.sub(r'\b(ONELLMD_\w+)', r'\\%\1', text.replace('\\', '\\e'))
    return '\\&' + text if text[0] in ".'" else text


def listed(entries):
    """(tag, sentences) as a list."""
    lines = ['.Bl -tag -width Ds']
    for tag, sentences in entries:
        lines += [f'.It {tag}', *'\n.br\n'.join(map(plain, sentences)).splitlines()]
    return lines + ['.El']


def daemon_options(program):
    return listed((f'Fl -{name}' + (' Ar value' if len(sentences) > 1 else ''), sentences)
                  for name, _, sentences in options_in(help_of(program)))


def configuration_keys(program):
    return listed((f'Cm {name} No = Ar value', sentences)
                  for name, _, sentences in options_in(help_of(program)) if len(sentences) > 1 and name != 'config')


def tool_commands(program):
    lines = []
    for command in re.findall(r'^  (\w+) {2,}\S', help_of(program), re.MULTILINE):
        page = help_of(program, command)
        sentence, usage = re.match(r'onellm \w+: (.*)\n\nUsage: (.*)\n', page).groups()
        lines += [f'.Ss {command}', plain(f'{sentence[0].upper()}{sentence[1:]}.'), '.Pp', f'.Dl {plain(usage)}']
        lines += listed((f'Fl -{name}' + (f' Ar {value}' if value else ''), sentences)
                        for name, value, sentences in options_in(page) if name != 'help')
    return lines


def main():
    source, target, version, program = sys.argv[1:]
    parts = {'@OPTIONS@': daemon_options, '@KEYS@': configuration_keys, '@COMMANDS@': tool_commands}
    lines = []
    for line in Path(source).read_text(encoding='utf-8').splitlines():
        lines += parts[line](program) if line in parts else [line.replace('@VERSION@', version)]
    Path(target).write_text('\n'.join(lines) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
