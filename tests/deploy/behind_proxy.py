#!/usr/bin/python3
"""Two daemons behind a proxy, clients that ask without a pause, half of them for streams, some with a file:

  - pieces of a stream come one by one, and a client that hangs up is hung up on at the daemon
  - each daemon in turn gets SIGTERM, ends, and comes back: no request fails, no stream is cut, and none waits for it
  - one is killed: what it was working on fails in a way that its client sees, and nothing else does

    behind_proxy.py haproxy|nginx [--clients N] [--seconds N]"""

import argparse
import collections
import concurrent.futures
import itertools
import json
import sys
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / 'server')]

from harness import ENDLESS, SAMPLES, Closed, Connection, Daemon, endless, form, head  # noqa: E402
from proxy import Proxy, free_port, program  # noqa: E402
from tap import Tap  # noqa: E402

DRAIN_DELAY_MS = 3000  # the proxy has noticed by then
QUESTION = [('prompt', 'x'), ('temperature', 2), ('top_p', 1)]
TOKENS, MANY_TOKENS = 20, 300
IMAGE, LARGE = ('image', SAMPLES / 'image.jpg'), ('point', SAMPLES / 'point.ply')

Outcome = collections.namedtuple('Outcome', 'id stream begun ended fault')


class Failed(Exception):
    """A request was answered with something else than an answer."""


def read_stream(connection):
    """Every piece of a stream, up to its end."""
    events = list(connection.events())
    if [event.id for event in events] != list(range(1, len(events) + 1)):
        raise Failed('events are missing')
    if not events or events[-1].name != 'done':
        raise Failed(f'the stream ended with {events[-1:]}')


def read_answer(connection, status, headers):
    """True: the connection stays."""
    if headers.get('content-type', '').startswith('text/event-stream'):
        read_stream(connection)
    else:
        body = b''.join(connection.chunks()) if 'transfer-encoding' in headers else connection.take(
            int(headers['content-length']))
        if status != 200:
            raise Failed(f'status {status}, {json.loads(body)["error"]["code"]}')
        if json.loads(body)['finish_reason'] not in ('stop', 'length'):
            raise Failed(body)
    return headers.get('connection', '').lower() != 'close'


class Clients:
    """Threads that ask through the proxy until they are told to stop; requests are named after them."""

    def __init__(self, address, n, name):
        self.address, self.name = address, name
        self.outcomes = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(n)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _run(self, number):
        connection = None
        for n in itertools.count():
            if self.ended.is_set():
                break
            kind = (number + n) % 8
            stream = kind < 4
            media = [IMAGE] if kind in (1, 4) else [LARGE] if kind in (2, 5) else []
            parts = [*media, *QUESTION, ('max_tokens', MANY_TOKENS if kind == 0 else TOKENS), ('seed', n),
                     ('stream', 'true' if stream else 'false')]
            connection = self._ask(connection, f'{self.name}-{number}-{n}', stream, parts)
        if connection:
            connection.close()

    def _ask(self, connection, name, stream, parts):
        """The connection, where it can be used again."""
        body, content_type = form(parts)
        begun, fault, kept = time.monotonic(), None, False
        try:
            connection = connection or Connection(self.address)
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type), ('X-Request-Id', name)], body) + body)
            status, headers = connection.head()
            kept = read_answer(connection, status, headers)
        except (Failed, Closed, OSError) as error:
            fault = f'{type(error).__name__}: {error}'
        self.outcomes.append(Outcome(name, stream, begun, time.monotonic(), fault))
        if not kept and connection:
            connection.close()
        return connection if kept else None

    def n_answers(self):
        return sum(not outcome.fault for outcome in self.outcomes)

    def faults(self, since, until):
        return [outcome for outcome in self.outcomes if outcome.fault and since <= outcome.ended <= until]


def start_daemon(port):
    """It takes tens of milliseconds for an answer, so that there is always something in progress."""
    return Daemon(*endless(16), '--sequences', '8', '--port', port, '--drain-delay-ms', DRAIN_DELAY_MS)


def is_cut(events, deadline):
    try:
        while time.monotonic() < deadline:
            next(events)
        return False
    except Closed:
        return True


def describe(faults):
    return '\n'.join(f'{fault.id} {"stream" if fault.stream else "answer"} begun at {fault.begun:.3f}, ended at '
                     f'{fault.ended:.3f}: {fault.fault}' for fault in faults)


class Trial:
    def __init__(self, tap, kind, n_clients):
        self.tap = tap
        self.ports = [free_port(), free_port()]
        self.daemons = [start_daemon(port) for port in self.ports]
        self.proxy = Proxy(kind, self.ports)
        self.clients = Clients(self.proxy.address, n_clients, 'rolling')
        for daemon in self.daemons:
            daemon.wait_for_log('event=answer', n_clients)

    def restart(self, number):
        """Ends one and starts it again; returns how many answers there were from the signal to its end."""
        before = self.clients.n_answers()
        self.daemons[number].stop()
        n = self.clients.n_answers() - before
        self.bring_back(number)
        return n

    def bring_back(self, number):
        self.daemons[number] = start_daemon(self.ports[number])
        self.daemons[number].wait_for_log('event=answer', 3)

    def rolling(self, seconds):
        begun = time.monotonic()
        n_restarts, least = 0, None
        while n_restarts < 2 or time.monotonic() < begun + seconds:
            n = self.restart(n_restarts % 2)
            least = n if least is None else min(least, n)
            n_restarts += 1
        ended = time.monotonic()
        faults = self.clients.faults(begun, ended)
        n_streams = sum(outcome.stream for outcome in self.clients.outcomes)
        self.tap.check(not faults, f'{n_restarts} restarts in {ended - begun:.0f} s: none of {len(self.clients.outcomes)} '
                       f'requests failed, none of {n_streams} streams was cut', describe(faults))
        self.tap.check(least > 0, f'at least {least} answers while a daemon drained')

    def kill(self):
        """Of the streams that are held, each daemon has half, because nobody else asks when they begin."""
        survivor, n_clients = self.daemons[1], len(self.clients.threads)
        self.clients.stop()
        held = [self.start_stream(('prompt', number), *ENDLESS) for number in range(4)]
        self.clients = Clients(self.proxy.address, n_clients, 'killing')
        while self.clients.n_answers() < n_clients:
            time.sleep(0.1)
        begun = time.monotonic()
        self.daemons[0].process.kill()
        self.daemons[0].process.wait()
        killed = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            n_cut = sum(pool.map(lambda events: is_cut(events, killed + 2), [events for _, events in held]))
        for connection, _ in held:
            connection.close()
        self.tap.check(n_cut == 2, 'of four streams, the two of a daemon that is killed are cut', f'{n_cut} are')
        while not any(outcome.begun > killed + 2 for outcome in self.clients.outcomes):
            time.sleep(0.1)
        faults = self.clients.faults(begun, time.monotonic())
        late = [fault for fault in faults if fault.begun > killed]
        others = [fault for fault in faults if f'request={fault.id} ' in survivor.log()]
        told = ', '.join(sorted({fault.fault for fault in faults}))
        self.tap.check(len(faults) <= n_clients and not late,
                       f'{len(faults)} requests failed with it, and none that came later; what clients saw: {told}', describe(late))
        self.tap.check(not others, 'no request to the other daemon failed', describe(others))
        self.bring_back(0)
        self.tap.check(not self.clients.faults(killed + 2, time.monotonic()), 'it is used again when it is back')

    def start_asking(self, *parts):
        body, content_type = form(parts)
        connection = Connection(self.proxy.address)
        connection.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body)
        return connection

    def start_stream(self, *parts):
        """(connection, events behind the first piece of its text)"""
        connection = self.start_asking(*parts, ('stream', 'true'))
        assert connection.head()[0] == 200
        events = connection.events()
        while next(events).name != 'delta':
            pass
        return connection, events

    def flowing(self):
        with self.start_asking(*QUESTION, ('max_tokens', MANY_TOKENS), ('stream', 'true')) as connection:
            begun = time.monotonic()
            connection.head()
            times = [time.monotonic() - begun for _ in connection.events()]
        bursts = 1 + sum(after - before > 0.0002 for before, after in zip(times, times[1:]))
        self.tap.check(times[0] < times[-1] / 2 and bursts > 20,
                       f'{len(times)} pieces of a stream come one by one: {bursts} bursts in {times[-1]:.1f} s', times)

    def hanging_up(self):
        for stream in ('true', 'false'):
            with self.start_asking(*ENDLESS, ('prompt', 'hang up'), ('stream', stream)):
                time.sleep(0.5)
        deadline = time.monotonic() + 20
        while sum(daemon.log().count('event=abandoned') for daemon in self.daemons) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        n = sum(daemon.log().count('event=abandoned') for daemon in self.daemons)
        self.tap.check(n == 2, 'who hangs up is hung up on at the daemon', f'{n} of 2')

    def too_large(self):
        """Bodies over the limit are refused by whoever sees them first, in the form of an error of the daemon."""
        with Connection(self.proxy.address) as connection:
            connection.send(head('POST', '/v1/answers', [('Content-Type', 'multipart/form-data; boundary=x'),
                                                         ('Content-Length', str((256 << 20) + 1))]))
            response = connection.response()
        self.tap.check(response.status == 413 and response.error()['code'] == 'payload_too_large',
                       'a body over the limit is refused', response)

    def stop(self):
        self.clients.stop()
        for daemon in self.daemons:
            daemon.signal()
        self.tap.check(all(daemon.wait() == 0 for daemon in self.daemons), 'both end well')
        self.tap.check(self.unreachable(), 'without a daemon, the proxy says so as a daemon would')
        self.proxy.stop()

    def unreachable(self):
        with self.start_asking(*QUESTION) as connection:
            response = connection.response()
        return response.status in (502, 503) and list(response.error()) == ['message', 'type', 'param', 'code']


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('proxy', choices=['haproxy', 'nginx'])
    parser.add_argument('--clients', type=int, default=8)
    parser.add_argument('--seconds', type=float, default=0, help='restart daemons for so long, at least each once')
    arguments = parser.parse_args()
    tap = Tap()
    if not program(arguments.proxy):
        tap.skip(f'behind {arguments.proxy}', f'{arguments.proxy} is not installed')
        return tap.finish()
    trial = Trial(tap, arguments.proxy, arguments.clients)
    try:
        trial.too_large()
        trial.flowing()
        trial.hanging_up()
        trial.rolling(arguments.seconds)
        trial.kill()
    finally:
        trial.stop()
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
