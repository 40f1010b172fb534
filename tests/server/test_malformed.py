#!/usr/bin/python3
"""Whatever malformed.py sends gets what it has to get, everybody else is served meanwhile, and nothing of it is left."""

import malformed
from harness import Case, Closed, main, wait_until

SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]
KINDS = {'invalid_api_key': 'authentication_error', 'not_found': 'not_found_error', 'method_not_allowed': 'not_found_error',
         'upload_timeout': 'timeout_error', 'queue_full': 'rate_limit_error'}
AT_REST = {'requests': 0, 'upload_bytes': 0, 'queue_depth': 0, 'sequences': 0, 'kv_positions': 0, 'exchanges': 1}


class Malformed(Case):
    options = ('--header-timeout-ms', 1000, '--upload-idle-ms', 1000)

    def check(self, row):
        with self.daemon.connect() as connection:
            connection.send(row.request)
            if row.status is None:
                self.assertTrue(connection.is_closed())
            elif row.code == malformed.LIBRARY:
                self.assertEqual(connection.head()[0], row.status)
                self.read_to_the_end(connection)
            else:
                self.check_reply(row, connection, connection.response())

    def check_reply(self, row, connection, response):
        if row.code == malformed.GOOD:
            self.assertEqual(response.status, row.status, response)
        else:
            self.assert_error(response, row.status, KINDS.get(row.code, 'invalid_request_error'), row.code, row.param)
        closes = response.headers.get('connection', '').lower() == 'close'
        self.assertIn(row.closes, (closes, None), response)
        if closes:
            self.assertTrue(connection.is_closed())
            return
        connection.send(malformed.LIVE + b'\r\n')
        self.assertEqual(connection.response().status, 200)

    def read_to_the_end(self, connection):
        with self.assertRaises(Closed):
            while True:
                connection.take(1)

    def test_rows(self):
        self.assertEqual(len({row.name for row in malformed.ROWS}), len(malformed.ROWS))
        for row in malformed.ROWS:
            with self.subTest(row.name.replace('\n', ' ')):
                self.check(row)
                self.assertEqual(self.daemon.ask(*SHORT).status, 200)

    def test_then_nothing_is_left(self):
        # what a thread is decoding goes when the thread notices
        wait_until(lambda: {name: self.daemon.metric(name) for name in AT_REST} == AT_REST)
        self.assertNotIn('level=error', self.daemon.log())


if __name__ == '__main__':
    main()
