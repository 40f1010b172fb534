#!/usr/bin/python3
"""Rules of Prometheus and the dashboard are well-formed, and ask for nothing that the daemon does not tell."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / 'server')]

import yaml  # noqa: E402
from harness import SAMPLES, Daemon  # noqa: E402
from tap import Tap  # noqa: E402

DEPLOY = TESTS.parent / 'deploy'
RULES = DEPLOY / 'prometheus' / 'rules.yaml'
AUTOSCALER = DEPLOY / 'kubernetes' / 'autoscaler.yaml'
DASHBOARD = json.loads((DEPLOY / 'grafana' / 'dashboard.json').read_text())

NAME = re.compile(r'\b((?:onellmd|process)[_:][\w:]*)')
# What Prometheus adds itself.
OWN_METRICS, OWN_LABELS = {'up'}, {'job', 'instance', 'le'}


def rules():
    """{name of the rule: expression}"""
    groups = yaml.safe_load(RULES.read_text())['groups']
    return {rule.get('record') or rule['alert']: rule['expr'] for group in groups for rule in group['rules']}


def panels():
    """{title and letter: expression}"""
    return {f'{panel["title"]} {target["refId"]}': target['expr'] for panel in DASHBOARD['panels']
            for target in panel['targets']}


def told():
    """The page of a daemon that has answered a question."""
    daemon = Daemon()
    assert daemon.ask(('image', SAMPLES / 'image.jpg'), ('prompt', 'x'), ('max_tokens', 2)).status == 200
    page = daemon.get('/metrics').body.decode()
    daemon.stop()
    return page


def names(page):
    found = set()
    for name, kind in re.findall(r'^# TYPE (\w+) (\w+)$', page, re.MULTILINE):
        found |= {name + suffix for suffix in ('_bucket', '_sum', '_count')} if kind == 'histogram' else {name}
    return found


def labels(page):
    """{label: its values}"""
    found = {label: set() for label in OWN_LABELS}
    for label, value in re.findall(r'(\w+)="([^"]*)"', page):
        found.setdefault(label, set()).add(value)
    return found


def check_names(tap, what, expressions, known):
    unknown = [f'{where}: {name}' for where, text in expressions.items() for name in NAME.findall(text) if name not in known]
    tap.check(expressions and not unknown, f'{what}: every series of {len(expressions)} expressions exists', '\n'.join(unknown))


def check_labels(tap, what, expressions, known):
    faults = []
    for where, text in expressions.items():
        used = re.findall(r'(\w+)(?:!=|=~|=)"([^"]*)"', text)
        grouped = [label for group in re.findall(r'\bby \(([^)]*)\)', text) for label in re.split(r',\s*', group)]
        faults += [f'{where}: {label}' for label in [label for label, _ in used] + grouped if label not in known]
        faults += [f'{where}: {label}="{value}"' for label, value in used
                   if label in ('stage', 'modality') and value not in known[label]]
    tap.check(not faults, f'{what}: every label exists', '\n'.join(faults))


def run_promtool(tap, name, *arguments):
    done = subprocess.run(['promtool', *map(str, arguments)], capture_output=True, text=True, check=False)
    tap.check(done.returncode == 0, name, done.stdout + done.stderr)


def check_dashboard(tap):
    """promtool knows no dashboards: their expressions become rules, with something in place of the variables."""
    records = [{'record': f'panel_{number}', 'expr': text.replace('$__rate_interval', '5m')}
               for number, text in enumerate(panels().values())]
    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
        yaml.safe_dump({'groups': [{'name': 'dashboard', 'rules': records}]}, file)
        run_promtool(tap, f'{len(records)} expressions of the dashboard are well-formed', 'check', 'rules', file.name)
    ids = [panel['id'] for panel in DASHBOARD['panels']]
    tap.check(len(set(ids)) == len(ids), 'panels have numbers of their own')


def check_tests_of_alerts(tap):
    tested = {case['alertname'] for test in yaml.safe_load((RULES.parent / 'rules_test.yaml').read_text())['tests']
              for case in test['alert_rule_test'] if case.get('exp_alerts')}
    alerts = {name for name in rules() if ':' not in name}
    tap.check(tested == alerts, 'every alert is seen to be raised', alerts ^ tested)


def main():
    tap = Tap()
    page = told()
    records = {name for name in rules() if ':' in name}
    metric = yaml.safe_load(AUTOSCALER.read_text())['spec']['metrics'][0]['pods']['metric']['name']
    for what, expressions in [('rules', rules()), ('dashboard', panels()), ('autoscaler', {'metric': metric})]:
        check_names(tap, what, expressions, names(page) | records | OWN_METRICS)
        check_labels(tap, what, expressions, labels(page) | {'end': None, 'status': None})
    check_tests_of_alerts(tap)
    if shutil.which('promtool'):
        run_promtool(tap, 'the configuration of Prometheus is well-formed', 'check', 'config', RULES.parent / 'prometheus.yaml')
        run_promtool(tap, 'alerts are raised when they should be, and only then', 'test', 'rules', RULES.parent / 'rules_test.yaml')
        check_dashboard(tap)
    else:
        tap.skip('promtool has nothing to say', 'promtool is not installed')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
