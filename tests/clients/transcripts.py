#!/usr/bin/python3
"""The transcripts of the documentation are true: what they type is typed, and must answer what they show.

    transcripts.py [PAGE...]    all pages unless some are named

A fenced block marked `console` is a transcript: a command stands behind "$ ", what follows is what it shows. "…" stands
for what is different each time, and a long line of JSON is set in several lines. A fenced block of a programming language
is a file, named by the comment in its first line, and lies in the folder in which the commands of its page are run, as
are docs, config and the programs of the build. Each page has a daemon of its own, with the demo model, on a port in place
of 8080, and a free port in place of 8081."""

import importlib.util
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import node

sys.path[:0] = [str(node.ROOT / 'tests' / 'server'), str(node.ROOT / 'tests')]

from harness import PROGRAM, ROOT, SECONDS, TOOL, Daemon  # noqa: E402
from tap import Tap  # noqa: E402

BLOCK = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r'^(?: +\$ .*|```(?!console\b|js\b|python\b|html\b)\w+)$', re.MULTILINE)  # and looks as if it were
FILE_NAME = re.compile(r'(?:#|//|<!--) (\S+\.(?:py|mjs|html))\b')
LANGUAGES = ('js', 'python', 'html')
PACKAGE = re.compile(r"from '(?!node:|\.)")
END = '\x1e'  # behind the output of a command, before and after its exit status

Command = namedtuple('Command', 'text shown')


def is_complete(command):
    """Whether a shell would run it, or wait for another line."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith('\\')


def commands_in(block):
    found = []
    for line in block.splitlines():
        if line.startswith('$ '):
            found.append(Command([line[2:]], []))
        elif not is_complete('\n'.join(found[-1].text)):
            found[-1].text.append(line)
        else:
            found[-1].shown.append(line)
    return [Command('\n'.join(text), '\n'.join(shown).strip()) for text, shown in found]


class Page:
    def __init__(self, path):
        self.name = str(path.relative_to(ROOT))
        text = path.read_text(encoding='utf-8')
        blocks = BLOCK.findall(text)
        self.not_run = NOT_RUN.findall(text)
        self.commands = [command for kind, block in blocks if kind == 'console' for command in commands_in(block)]
        self.programs = {}
        for block in (block for kind, block in blocks if kind in LANGUAGES):
            name = FILE_NAME.match(block)
            self.programs[name[1] if name else ''] = block

    def words(self):
        return '\n'.join([*(command.text for command in self.commands), *self.programs.values()])


class Folder:
    """Where the commands of a page are run: its programs, and links to what they name. The ports of the documentation
    are others here, in both directions."""

    def __init__(self, page, path, port, packages):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.ports = {'8080': str(port), '8081': str(probe.getsockname()[1])}
        self.path = Path(path)
        links = {'docs': ROOT / 'docs', 'config': ROOT / 'config', 'build/server/onellmd': Path(PROGRAM).resolve(),
                 'build/core/cli/onellm': Path(TOOL).resolve(), 'bin/python3': Path(sys.executable),
                 **({'node_modules': packages} if packages else {})}
        for name, target in links.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).symlink_to(target)
        for name, text in page.programs.items():
            (self.path / name).write_text(self.here(text), encoding='utf-8')
        (self.path / '.curlrc').write_text('no-progress-meter\n')  # no progress meter where there is no terminal

    def here(self, text):
        return re.sub(r'\b808[01]\b', lambda port: self.ports[port[0]], text)

    def documented(self, text):
        for port, port_here in self.ports.items():
            text = re.sub(rf'\b{port_here}\b', port, text)
        return text

    def run(self, commands):
        """(output, exit status) of each, all in one shell."""
        lines = ['trap \'kill $(jobs -p) 2> /dev/null; wait\' EXIT',
                 'PATH=$PWD/bin:$PWD/build/server:$PWD/build/core/cli:$PATH']
        for command in commands:
            lines += ['{', self.here(command.text), '} < /dev/null', f"printf '{END}%s{END}' $?"]
        environment = {**os.environ, 'CURL_HOME': str(self.path), 'NODE_NO_WARNINGS': '1', 'ONELLMD_CONFIG': '/dev/null'}
        with subprocess.Popen(['bash', '-c', '\n'.join(lines)], cwd=self.path, env=environment, start_new_session=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', errors='replace') as shell:
            try:
                output, _ = shell.communicate(timeout=SECONDS * 4)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                output, _ = shell.communicate()
        parts = output.split(END)
        return [(self.documented(text), status) for text, status in zip(parts[::2], parts[1::2])]


def is_as_shown(shown, output):
    output = output.strip()
    if output.startswith('{') and '\n' not in output:
        shown = re.sub(r'\n\s*', '', shown)
    return re.fullmatch('.*?'.join(map(re.escape, shown.split('…'))), output, re.DOTALL) is not None


def reason_to_skip(page):
    """(why the page cannot be run here or None, the folder of packages or None)"""
    words = page.words()
    for tool in ('node', 'jq'):
        if re.search(rf'(?:^|\| ){tool} ', words, re.MULTILINE) and not shutil.which(tool):
            return f'{tool} is not installed', None
    if 'import requests' in words and not importlib.util.find_spec('requests'):
        return 'python3-requests is not installed', None
    packages, reason = node.packages() if PACKAGE.search(words) else (None, None)
    return reason, packages


def check(tap, page):
    words = page.words()
    idle = [name or 'a block without a name' for name in page.programs if not name or words.count(name) < 2]
    tap.check(not idle, f'{page.name}: every program has a name and is used', idle)
    reason, packages = reason_to_skip(page)
    if reason:
        tap.skip(f'{page.name}: {len(page.commands)} commands', reason)
        return
    daemon = Daemon('--model', '', '--sequences', '8')
    try:
        with tempfile.TemporaryDirectory() as name:
            done = Folder(page, name, daemon.address[1], packages).run(page.commands)
    finally:
        daemon.stop()
    for command, (output, status) in zip(page.commands, done):
        good = is_as_shown(command.shown, output) and (command.shown or status == '0')
        tap.check(good, f'{page.name}: {command.text.splitlines()[0]}',
                  f'the page shows:\n{command.shown}\nit is, with exit status {status}:\n{output[-2000:]}')
    tap.check(len(done) == len(page.commands), f'{page.name}: {len(page.commands)} commands were run', len(done))


def main():
    tap = Tap()
    paths = [Path(name).resolve() for name in sys.argv[1:]] or [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
    pages = [Page(path) for path in paths]
    for page in pages:
        tap.check(not page.not_run, f'{page.name}: what looks like a transcript is one', '\n'.join(page.not_run))
        if page.commands or page.programs:
            check(tap, page)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
