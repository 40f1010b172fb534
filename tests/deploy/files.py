#!/usr/bin/python3
"""The files in deploy/ are well-formed, and say the same as the daemon and as each other."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]

import yaml  # noqa: E402
from tap import Tap  # noqa: E402

ROOT = TESTS.parent
DEPLOY = ROOT / 'deploy'
PROGRAM = os.environ.get('ONELLMD', 'onellmd')
NAME = 'onellmd'


def run(*command, **environment):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, 'ONELLMD_CONFIG': '/dev/null', **environment})


def options(config='/dev/null'):
    """{name: value as it is printed}"""
    done = run(PROGRAM, '--check-config', '--config', config)
    assert done.returncode == 0, done.stderr
    return dict(line.rsplit(' ; ', 1)[0].split(' = ', 1) for line in done.stdout.splitlines())


def seconds(text):
    """Of 75s, 1m15s or 500ms."""
    assert re.fullmatch(r'(\d+(ms|s|m))+', text), text
    return sum(int(number) * {'ms': 0.001, 's': 1, 'm': 60}[unit] for number, unit in re.findall(r'(\d+)(ms|s|m)', text))


def ending_s(values):
    """How long a daemon with these options may take to end."""
    return (int(values['drain-delay-ms']) + int(values['drain-timeout-ms'])) / 1000


def setting(text, pattern):
    found = re.findall(pattern, text, re.MULTILINE)
    assert len(found) == 1, f'{pattern} is there {len(found)} times'
    return found[0]


# ---- proxies ----

def check_proxies(tap):
    values = options()
    haproxy, nginx = ((DEPLOY / name).read_text() for name in ('haproxy.cfg', 'nginx.conf'))
    longest = int(values['request-timeout-ms']) / 1000
    for name, text, pattern in [('haproxy.cfg', haproxy, r'^\s*timeout server (\w+)'),
                                ('nginx.conf', nginx, r'^\s*proxy_read_timeout (\w+);')]:
        found = seconds(setting(text, pattern))
        tap.check(found > longest, f'{name} waits longer than a request may take', f'{found} s, {longest} s')
    inter, fall = re.search(r'check inter (\w+) fall (\d+)', haproxy).groups()
    tap.check(seconds(inter) * int(fall) < int(values['drain-delay-ms']) / 1000,
              'haproxy.cfg notices a daemon that ends while that still serves', f'{inter} times {fall}')
    found = setting(nginx, r'client_max_body_size (\w+);')
    tap.check(f'{found[:-1]} MiB' == values['body-bytes-max'] and found.endswith('m'),
              'nginx.conf takes bodies as large as the daemon does', f'{found}, {values["body-bytes-max"]}')


# ---- containers ----

def image_user():
    return setting((DEPLOY / 'Containerfile').read_text(), r'^USER (\d+):\d+$')


class Listener(threading.Thread):
    """Answers one request with the status."""

    def __init__(self, status):
        super().__init__()
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.status = status
        self.start()

    def port(self):
        return str(self.socket.getsockname()[1])

    def run(self):
        with self.socket.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(f'HTTP/1.1 {self.status} Whatever\r\nContent-Length: 0\r\n\r\n'.encode())
        self.socket.close()


def check_health_check(tap):
    """The answers of a daemon are played here, since one that is not ready cannot be had for long."""
    found = []
    for status in (200, 503):
        listener = Listener(status)
        found.append(run(DEPLOY / 'health-check', ONELLMD_PORT=listener.port()).returncode)
        listener.join()
    found.append(run(DEPLOY / 'health-check', ONELLMD_PORT=port_of_nobody()).returncode)
    tap.check(found == [0, 1, 1], 'health-check tells ready, not ready and gone apart', found)


def port_of_nobody():
    with socket.create_server(('127.0.0.1', 0)) as gone:
        return str(gone.getsockname()[1])


def check_ignored(tap):
    """What the image is built from is let through, as are all folders that the build descends into."""
    let = set(re.findall(r'^!(.*)$', (ROOT / '.dockerignore').read_text(), re.MULTILINE))
    needed = {path if path.startswith('docs/') else path.split('/')[0]
              for path in re.findall(r"^subdir\('([\w/]+)", (ROOT / 'meson.build').read_text(), re.MULTILINE)}
    needed |= {'meson.build', 'meson_options.txt', 'docs/openapi.json', 'docs/samples', 'deploy/packages', 'deploy/install-packages',
               'deploy/health-check'}
    tap.check(let == needed, '.dockerignore lets through what the image is built from', let ^ needed)


def check_compose(tap):
    composes = [program for program in (['docker', 'compose'], ['docker-compose'])
                if shutil.which(program[0]) and run(*program, 'version').returncode == 0]
    name = 'compose.yaml is understood'
    if not composes:
        tap.skip(name, 'neither docker compose nor docker-compose is installed')
        return
    done = run(*composes[0], '-f', DEPLOY / 'compose.yaml', '-f', DEPLOY / 'compose.keys.yaml', 'config')
    if not tap.check(done.returncode == 0, name, done.stderr):
        return
    service = yaml.safe_load(done.stdout)['services'][NAME]
    tap.check(seconds(service['stop_grace_period']) > ending_s(options()),
              'compose.yaml waits until a daemon has ended', service['stop_grace_period'])
    tap.check(service['read_only'] and service['cap_drop'] == ['ALL'] and
              service['security_opt'] == ['no-new-privileges:true'], 'compose.yaml shuts it in', service)


# ---- Kubernetes ----

def only(items):
    assert len(items) == 1, items
    return items[0]


def check_kubernetes(tap):
    name = 'the kustomization can be rendered'
    if not shutil.which('kubectl'):
        tap.skip(name, 'kubectl is not installed')
        return
    done = run('kubectl', 'kustomize', DEPLOY / 'kubernetes')
    if not tap.check(done.returncode == 0 and not done.stderr, name, done.stderr):
        return
    objects = {item['kind']: item for item in yaml.safe_load_all(done.stdout)}
    tap.check(len(objects) == 8, f'it has {", ".join(sorted(objects))}')
    stray = [kind for kind, item in objects.items()
             if kind != 'Namespace' and item['metadata'].get('namespace') != objects['Namespace']['metadata']['name']]
    tap.check(not stray, 'all of it is in the namespace', stray)
    check_pod(tap, objects)
    check_references(tap, objects)


def check_pod(tap, objects):
    pod = objects['Deployment']['spec']['template']['spec']
    container = only(pod['containers'])
    values = options(DEPLOY / 'kubernetes' / 'onellmd.conf')
    tap.check(pod['terminationGracePeriodSeconds'] > ending_s(values), 'it waits until a daemon has ended',
              pod['terminationGracePeriodSeconds'])
    ready = container['readinessProbe']
    tap.check(ready['periodSeconds'] * ready['failureThreshold'] < int(values['drain-delay-ms']) / 1000,
              'it notices a daemon that ends while that still serves', ready)
    tap.check(str(pod['securityContext']['runAsUser']) == image_user(), 'it runs as the user of the image', image_user())
    version = setting((ROOT / 'meson.build').read_text(), r"^  version: '(.*)',$")
    tap.check(container['image'] == f'{NAME}:{version}', 'it starts the image of this version', container['image'])
    routes = (ROOT / 'server' / 'routes.c').read_text()
    unknown = [probe for probe in ('startupProbe', 'readinessProbe', 'livenessProbe')
               if f'"{container[probe]["httpGet"]["path"]}"' not in routes]
    tap.check(not unknown, 'probes ask for what is there', unknown)
    keys = Path(values['keys'])
    mounts = {mount['mountPath']: mount['name'] for mount in container['volumeMounts']}
    tap.check(str(keys.parent) in mounts, 'the keys are where the configuration says', mounts)


def check_references(tap, objects):
    deployment = objects['Deployment']
    labels = deployment['spec']['template']['metadata']['labels'].items()
    selectors = {'Service': objects['Service']['spec']['selector']}
    for kind, key in [('Deployment', 'selector'), ('PodDisruptionBudget', 'selector'), ('NetworkPolicy', 'podSelector')]:
        selectors[kind] = objects[kind]['spec'][key]['matchLabels']
    wrong = [kind for kind, selector in selectors.items() if not selector.items() <= labels]
    tap.check(not wrong, 'selectors find the pods', wrong)
    volumes = {volume['name']: volume for volume in deployment['spec']['template']['spec']['volumes']}
    tap.check(volumes['config']['configMap']['name'] == objects['ConfigMap']['metadata']['name'] and
              volumes['models']['persistentVolumeClaim']['claimName'] ==
              objects['PersistentVolumeClaim']['metadata']['name'], 'volumes are there', volumes)
    target = objects['HorizontalPodAutoscaler']['spec']['scaleTargetRef']
    tap.check((target['kind'], target['name']) == ('Deployment', deployment['metadata']['name']) and
              'replicas' not in deployment['spec'], 'how many there are is the autoscaler\'s business', target)
    port = only(objects['Service']['spec']['ports'])['targetPort']
    container = only(deployment['spec']['template']['spec']['containers'])
    tap.check(port == only(container['ports'])['name'] and only(container['ports'])['containerPort'] ==
              int(options()['port']), 'the Service leads to the port of the daemon', port)


def main():
    tap = Tap()
    check_proxies(tap)
    check_health_check(tap)
    check_ignored(tap)
    check_compose(tap)
    check_kubernetes(tap)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
