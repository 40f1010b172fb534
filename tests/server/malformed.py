"""Malformed requests: the bytes that are sent, and what has to come back, which is what docs/HTTP_API.md says, and of framing
RFC 9112.

ROWS lists them all. test_malformed.py sends them, other tests may use some."""

import base64
import gzip
import json
import re
import struct
import zlib
from typing import NamedTuple

from harness import ROOT, SAMPLES, chunked, form, head

GOOD = 'good'  # odd, but right: 200
LIBRARY = 'library'  # libmicrohttpd refuses it by itself, with a page that is not JSON
IMAGE, AUDIO, VIDEO, POINT, DEPTH, NORMAL, IMU, FMRI = (
    (SAMPLES / name).read_bytes() for name in ('image.jpg', 'audio.flac', 'video.mp4', 'point.ply', 'depth.png', 'normal.png',
                                               'imu.csv', 'fmri.npy'))
FILES = {'image': IMAGE, 'video': VIDEO, 'audio': AUDIO, 'point': POINT, 'depth': DEPTH, 'normal': NORMAL, 'imu': IMU,
         'fmri': FMRI}


class Row(NamedTuple):
    """status None: the connection is closed without a reply. closes: whether it has to be, or has to stay; None: as the reply
    says."""
    name: str
    request: bytes
    status: int | None
    code: str = ''
    param: str | None = None
    closes: bool | None = None


# ---- requests ----

def post(path, body, *headers):
    return head('POST', path, headers, body) + body


def ask(*parts):
    body, content_type = form(parts)
    return post('/v1/answers', body, ('Content-Type', content_type))


def about(path, *parts):
    body, content_type = form(parts)
    return post(path, body, ('Content-Type', content_type))


def chat(body):
    return post('/v1/chat/completions', body if isinstance(body, bytes) else json.dumps(body).encode())


def said(*parts, **fields):
    """A chat completion with one message of the user."""
    return chat({'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'x'}, *parts]}], **fields})


def tokenize(body):
    return post('/v1/tokenize', body if isinstance(body, bytes) else json.dumps(body).encode())


def detokenize(body):
    return post('/v1/detokenize', body if isinstance(body, bytes) else json.dumps(body).encode())


# ---- files ----

def npy(descr, shape, content):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + content


def floats(shape, *values, n):
    return npy('<f4', shape, struct.pack(f'<{len(values)}f', *values) + b'\0\0\0?' * (n - len(values)))


def png(width, height, kind=2):
    """A picture that claims a size and has no pixels."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, kind, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b''))


def jpeg(width, height):
    """The sample, with another size in its header."""
    at = IMAGE.index(b'\xff\xc0') + 5
    return IMAGE[:at] + struct.pack('>HH', height, width) + IMAGE[at + 4:]


def ply(n, points=b''):
    return b'ply\nformat ascii 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float z\nend_header\n' % n + \
        points


def wav(n_bytes, rate=16000, channels=1):
    return (b'RIFF' + struct.pack('<I', 36 + n_bytes & 0xffffffff) + b'WAVEfmt ' +
            struct.pack('<IHHIIHH', 16, 1, channels, rate, rate * 2 & 0xffffffff, 2, 16) + b'data' +
            struct.pack('<I', n_bytes & 0xffffffff))


def nifti(*shape):
    dim = struct.pack('<8h', len(shape), *shape, *[1] * (7 - len(shape)))
    return (struct.pack('<i', 348) + b'\0' * 36 + dim + b'\0' * 14 + struct.pack('<hh', 16, 32) + b'\0' * 34 +
            struct.pack('<f', 352) + b'\0' * 232 + b'n+1\0' + b'\0' * 4)


# ---- framing ----

LIVE = b'GET /livez HTTP/1.1\r\nHost: x\r\n'
TEXT = b'{"content":"x"}'
TOKENIZE = b'POST /v1/tokenize HTTP/1.1\r\nHost: x\r\n'
CHUNKED = TOKENIZE + b'Transfer-Encoding: chunked\r\n\r\n'
VALUE = 'invalid_value'


def refused(name, request, status=400, code=VALUE):
    """Framing that two servers could read differently: nothing behind it may be believed."""
    return Row(name, request, status, code, None, True)


def by_library(name, request, status=400):
    return Row(name, request, status, LIBRARY, None, True)


REQUEST_LINES = [
    Row('empty lines before the request', b'\r\n\r\n' + LIVE + b'\r\n', 200, GOOD, None, False),
    Row('absolute target', b'GET http://x/livez HTTP/1.1\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('absolute target in capitals', b'GET HTTP://x:80/livez HTTP/1.1\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('absolute target without a path', b'GET http://x HTTP/1.1\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('absolute target with a query alone', b'GET http://x?/livez HTTP/1.1\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('coded letter', b'GET /%6civez HTTP/1.1\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('newer minor version', b'GET /livez HTTP/1.2\r\nHost: x\r\n\r\n', 200, GOOD, None, False),
    Row('offer of HTTP/2', LIVE + b'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n', 200,
        GOOD, None, False),
    *[Row(f'target {target.decode("latin-1")[:30]!r}', b'GET ' + target + b' HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'not_found', None,
          False)
      for target in (b'ftp://x/livez', b'*', b'livez', b'x:80', b'/livez#x', b'/li vez',
                     b'/livez%00', b'/livez%00/x', b'/%00livez', b'%2flivez', b'/v1%2Fanswers', b'/livez%2f', b'/livez%zz',
                     b'/livez%', b'/livez\x01', b'/\xff\xfe', b'/livez/../livez', b'/./livez', b'//livez', b'/livez;x',
                     b'\\livez')],
    Row('target of CONNECT', b'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'not_found', None, False),
    *[Row(f'method {method.decode()[:30]!r}', method + b' /livez HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method_not_allowed', None, False)
      for method in (b'get', b'TRACE', b'G{T', b'G@T', b'GETS', b'X' * 5000, b'PUT', b'PATCH', b'LINK')],
    refused('zero in the target', b'GET /livez\0x HTTP/1.1\r\nHost: x\r\n\r\n'),
    refused('zero in the method', b'GE\0T /livez HTTP/1.1\r\nHost: x\r\n\r\n'),
    refused('two blanks before the target', b'GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n'),
    refused('line feeds alone', b'GET /livez HTTP/1.1\nHost: x\n\n'),
    refused('line feed behind the first line', b'GET /livez HTTP/1.1\nHost: x\r\n\r\n'),
    refused('line feed at the end', LIVE + b'\n'),
    refused('20 KB in a target', b'GET /' + b'x' * 20000 + b' HTTP/1.1\r\nHost: x\r\n\r\n', 431, 'header_too_large'),
    by_library('100 KB in a target', b'GET /' + b'x' * 100000 + b' HTTP/1.1\r\nHost: x\r\n\r\n', 414),
    *[by_library(f'version {version.decode()!r}', b'GET /livez' + version + b'\r\nHost: x\r\n\r\n', status)
      for version, status in [(b' HTTP/0.9', 505), (b' HTTP/2.0', 505), (b' HTTP/3', 400), (b' HTTP/1.10', 400),
                              (b' HTTP/11', 400),
                              (b' http/1.1', 400), (b' HTTX/1.1', 400), (b' HTTP/1.x', 400), (b' HTTP/ 1.1', 400),
                              (b' HTTP/1,1', 400),
                              (b' HTTPS/1.1', 400), (b' HTTP/1.1 ', 400), (b' HTTP/', 400), (b'', 400), (b' ', 400)]],
    by_library('preface of HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    *[Row(name, request, None) for name, request in [
        ('method alone', b'GET\r\n\r\n'), ('no method', b' /livez HTTP/1.1\r\nHost: x\r\n\r\n'),
        ('tabs in the first line', b'GET\t/livez\tHTTP/1.1\r\nHost: x\r\n\r\n'),
        ('returns alone', b'GET /livez HTTP/1.1\rHost: x\r\r'),
        ('a greeting of TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
        ('zeros', b'\0' * 1000), ('nothing', b''), ('half a header', LIVE), ('half a line', b'GET /li'),
        ('2000 arguments', b'GET /livez?' + b'a&' * 2000 + b' HTTP/1.1\r\nHost: x\r\n\r\n')]],
]

HEADERS = [
    Row('empty Host', b'GET /livez HTTP/1.1\r\nHost:\r\n\r\n', 200, GOOD, None, False),
    Row('letters of other languages', LIVE + 'X: ä\r\n\r\n'.encode(), 200, GOOD, None, False),
    Row('300 headers', LIVE + b'A: b\r\n' * 300 + b'\r\n', 200, GOOD, None, False),
    refused('no Host', b'GET /livez HTTP/1.1\r\n\r\n'),
    refused('two Hosts', LIVE + b'Host: x\r\n\r\n'),
    *[refused(f'Host {host.decode("latin-1")!r}', b'GET /livez HTTP/1.1\r\nHost: ' + host + b'\r\n\r\n')
      for host in (b'a b', b'a/b', b'http://x', b'x@y/', b'"x"', b'x\0y', b'\xc3\xa4', b'x\\y', b'<x>')],
    refused('zero in a value', LIVE + b'X: a\0b\r\n\r\n'),
    refused('zero behind the last value', LIVE + b'X: a\0\r\n\r\n'),
    refused('return in a value', LIVE + b'X: a\rb\r\n\r\n'),
    refused('control character in a value', LIVE + b'X: a\x01b\r\n\r\n'),
    refused('delete in a value', LIVE + b'X: a\x7fb\r\n\r\n'),
    refused('no name', LIVE + b': y\r\n\r\n'),
    refused('blank before the colon', LIVE + b'X : y\r\n\r\n'),
    refused('tab before the colon', LIVE + b'X\t: y\r\n\r\n'),
    refused('blank in a name', LIVE + b'X Y: z\r\n\r\n'),
    refused('bracket in a name', LIVE + b'X(: z\r\n\r\n'),
    refused('letter of another language in a name', LIVE + 'Ä: z\r\n\r\n'.encode()),
    refused('folded header', LIVE + b'X: a\r\n b\r\n\r\n'),
    refused('folded header with a tab', LIVE + b'X: a\r\n\tb\r\n\r\n'),
    refused('folded first header', b'GET /livez HTTP/1.1\r\n Host: x\r\n\r\n'),
    refused('folded into nothing', LIVE + b'X:\r\n \r\n\r\n'),
    refused('one line without return', LIVE + b'X: a\nY: b\r\n\r\n'),
    refused('20 KB in a header', LIVE + b'X: ' + b'x' * 20000 + b'\r\n\r\n', 431, 'header_too_large'),
    by_library('100 KB in a header', LIVE + b'X: ' + b'x' * 100000 + b'\r\n\r\n', 431),
    by_library('3000 headers', LIVE + b'A: b\r\n' * 3000 + b'\r\n', 431),
    by_library('12 KB of cookies', LIVE + b'Cookie: ' + b'a=b;' * 3000 + b'\r\n\r\n', 431),
    by_library('no colon', LIVE + b'X y\r\n\r\n'),
    by_library('zero in a name', LIVE + b'X\0Y: a\r\n\r\n'),
]

LENGTHS = [
    Row('length with zeros before it', TOKENIZE + b'Content-Length: 00015\r\n\r\n' + TEXT, 200, GOOD, None, False),
    Row('another request behind the body', TOKENIZE + b'Content-Length: 15\r\n\r\n' + TEXT, 200, GOOD, None, False),
    Row('no length', TOKENIZE + b'\r\n', 400, 'invalid_json', None, False),
    Row('length 0', TOKENIZE + b'Content-Length: 0\r\n\r\n', 400, 'invalid_json', None, False),
    Row('odd expectation', TOKENIZE + b'Expect: 200-ok\r\nContent-Length: 15\r\n\r\n' + TEXT, 200, GOOD, None, False),
    *[by_library(f'length {length.decode("latin-1")!r}', TOKENIZE + b'Content-Length: ' + length + b'\r\n\r\n' + TEXT)
      for length in (b'', b'-1', b'+15', b'0xf', b'15.', b'1 5', b'15,', b'15, 15', b'15;', b'fifteen', b'1e1', b'"15"')],
    by_library('length of 30 digits', TOKENIZE + b'Content-Length: ' + b'9' * 30 + b'\r\n\r\n', 413),
    by_library('length 2^64', TOKENIZE + b'Content-Length: 18446744073709551616\r\n\r\n', 413),
    *[refused(f'length {length}', TOKENIZE + b'Content-Length: %d\r\n\r\n' % length, 413, 'payload_too_large')
      for length in (2 ** 64 - 1, 2 ** 64 - 2, 2 ** 63, 2 ** 32, (8 << 20) + 1)],
    refused('zero behind a length', TOKENIZE + b'Content-Length: 15\0\r\n\r\n' + TEXT),
    refused('folded length', TOKENIZE + b'Content-Length: 1\r\n 5\r\n\r\n' + TEXT),
    refused('length in a folded line', TOKENIZE + b'Content-Length:\r\n 15\r\n\r\n' + TEXT),
    refused('blank before the colon of a length', TOKENIZE + b'Content-Length : 15\r\n\r\n' + TEXT),
    refused('two lengths', TOKENIZE + b'Content-Length: 15\r\nContent-Length: 16\r\n\r\n' + TEXT),
    refused('the same length twice', TOKENIZE + b'Content-Length: 15\r\ncontent-length: 15\r\n\r\n' + TEXT),
    refused('length and chunked', TOKENIZE + b'Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(TEXT, 15)),
    refused('chunked and length', TOKENIZE + b'Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n' + chunked(TEXT, 15)),
    refused('length 0 and chunked', TOKENIZE + b'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(TEXT, 15)),
    refused('upload that stops', TOKENIZE + b'Content-Length: 100\r\n\r\n' + TEXT, 408, 'upload_timeout'),
    refused('two requests in one, told apart by length', b'GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n'
            b'Content-Length: 0\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n'),
]

CHUNKS = [
    Row('chunk with an extension', CHUNKED + b'f;a=b\r\n' + TEXT + b'\r\n0\r\n\r\n', 200, GOOD, None, False),
    Row('chunk with zeros before its size', CHUNKED + b'0' * 30 + b'f\r\n' + TEXT + b'\r\n0\r\n\r\n', 200, GOOD, None, False),
    Row('trailer', CHUNKED + chunked(TEXT, 4)[:-2] + b'X: y\r\n\r\n', 200, GOOD, None, False),
    Row('length in the trailer', CHUNKED + chunked(TEXT, 4)[:-2] + b'Content-Length: 5\r\n\r\n', 200, GOOD, None, False),
    Row('coding in capitals', CHUNKED.replace(b'chunked', b'CHUNKED') + chunked(TEXT, 4), 200, GOOD, None, False),
    *[by_library(f'chunk size {size.decode("latin-1")!r}', CHUNKED + size + b'\r\n' + TEXT + b'\r\n0\r\n\r\n', status)
      for size, status in [(b'zz', 400), (b'-1', 400), (b'0xf', 400), (b'+f', 400), (b' f', 400), (b'f ', 400), (b'', 400),
                           (b';', 400),
                           (b'\0', 400), (b'f\0', 400), (b'f' * 17, 413)]],
    by_library('chunk longer than its size', CHUNKED + b'e\r\n' + TEXT + b'\r\n0\r\n\r\n'),
    by_library('chunk that runs into the next', CHUNKED + b'f\r\n' + TEXT + b'0\r\n\r\n'),
    by_library('trailer without a colon', CHUNKED + chunked(TEXT, 4)[:-2] + b'X y\r\n\r\n'),
    by_library('50 KB in a trailer', CHUNKED + chunked(TEXT, 4)[:-2] + b'X: ' + b'x' * 50000 + b'\r\n\r\n', 431),
    refused('endless extension of a chunk', CHUNKED + b'f;' + b'x' * 200000, 408, 'upload_timeout'),
    refused('endless zeros before the size of a chunk', CHUNKED + b'0' * 200000, 408, 'upload_timeout'),
    refused('chunk of 2^64 - 1 bytes that stops', CHUNKED + b'f' * 16 + b'\r\n' + TEXT, 408, 'upload_timeout'),
    refused('no last chunk', CHUNKED + b'f\r\n' + TEXT + b'\r\n', 408, 'upload_timeout'),
    *[refused(f'coding {coding.decode("latin-1")!r}',
              TOKENIZE + b'Transfer-Encoding: ' + coding + b'\r\n\r\n' + chunked(TEXT, 15))
      for coding in (b'', b'gzip', b'identity', b'gzip, chunked', b'chunked, gzip', b'chunked, chunked', b'chunked;q=1',
                     b'"chunked"',
                     b'xchunked', b'chunked,', b', chunked', b'chunked ', b'\x0bchunked', b'chunked\0')],
    refused('two codings', TOKENIZE + b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(TEXT, 15)),
    refused('folded coding', TOKENIZE + b'Transfer-Encoding:\r\n chunked\r\n\r\n' + chunked(TEXT, 15)),
    refused('blank before the colon of a coding', TOKENIZE + b'Transfer-Encoding : chunked\r\n\r\n' + chunked(TEXT, 15)),
    refused('chunked in HTTP/1.0', TOKENIZE.replace(b'1.1', b'1.0') + b'Transfer-Encoding: chunked\r\n\r\n' + chunked(TEXT, 15)),
]

# ---- forms ----

END = b'--B--\r\n'
TYPE = 'multipart/form-data; boundary=B'


def part(header, content=b'x'):
    return b'--B\r\n' + header + b'\r\n\r\n' + content + b'\r\n'


def field(name, value=b'x'):
    return part(b'Content-Disposition: form-data; name="%s"' % name, value)


PROMPT = field(b'prompt')


def form_row(name, body, content_type=TYPE, status=400, code=VALUE, param=None):
    headers = [('Content-Type', content_type)] if content_type else []
    if not body:
        headers.append(('Content-Length', '0'))
    return Row(name, post('/v1/answers', body, *headers), status, code, param)


FORMS = [
    *[form_row(f'form sent as {content_type}', PROMPT + END, content_type, 415, 'unsupported_media_type')
      for content_type in (None, 'application/json', 'application/x-www-form-urlencoded', 'multipart/mixed; boundary=B',
                           'text/plain',
                           'multipart/form-datax; boundary=B', 'multipart/form-data, boundary=B', 'multipart', ';')],
    *[form_row(f'boundary in {content_type[:60]!r}', PROMPT + END, content_type)
      for content_type in ('multipart/form-data', 'multipart/form-data;', 'multipart/form-data; boundary',
                           'multipart/form-data; boundary=', 'multipart/form-data; boundary=""',
                           'multipart/form-data; boundary="B',
                           'multipart/form-data; boundary=B"', 'multipart/form-data; boundary=' + 'B' * 71,
                           'multipart/form-data; boundary=B; boundary=B', 'multipart/form-data; boundary="B "',
                           'multipart/form-data; boundary="B\tB"', 'multipart/form-data; boundary=B{',
                           'multipart/form-data; boundary=C',
                           'multipart/form-data boundary=B')],
    form_row('no body', b''),
    form_row('a boundary that is all', b'--B'),
    form_row('last boundary alone', END, TYPE, 400, 'missing_prompt', 'prompt'),
    form_row('no last boundary', PROMPT),
    form_row('half of the last boundary', PROMPT + b'--B-'),
    form_row('boundary followed by letters', PROMPT + b'--Bx\r\n'),
    form_row('boundary without its dashes', PROMPT.replace(b'--B', b'B') + END, TYPE, 400, 'missing_prompt', 'prompt'),
    form_row('line feeds alone in a form', (PROMPT + END).replace(b'\r\n', b'\n')),
    form_row('part without a header', b'--B\r\n\r\nx\r\n' + END),
    form_row('part without a disposition', part(b'Content-Type: text/plain') + END),
    form_row('part that ends in its header', b'--B\r\nContent-Disposition: form-data; name="prompt"\r\n' + END),
    *[form_row(f'disposition {disposition.decode("latin-1")[:60]!r}', part(b'Content-Disposition:' + disposition) + END)
      for disposition in (b'', b' form-data', b' form-data; name=', b' form-data; name=""', b' form-data; name',
                          b' form-data; =prompt',
                          b' form-data; name="prompt', b' form-data; name="prompt"; name="prompt"',
                          b' attachment; name="prompt"',
                          b' form-data, name="prompt"', b' form-data; filename="prompt"', b' form-data; name="a\0b"',
                          b' form-data; name="' + b'n' * 129 + b'"', b' form-data; name="\x01"')],
    form_row('two dispositions', part(b'Content-Disposition: form-data; name="prompt"\r\n'
                                      b'Content-Disposition: form-data; name="prompt"') + END),
    form_row('header of a part without a colon', part(b'Content-Disposition form-data') + END),
    form_row('folded header of a part', part(b'Content-Disposition: form-data;\r\n name="prompt"') + END),
    form_row('zero in a header of a part', part(b'X: \0\r\nContent-Disposition: form-data; name="prompt"') + END),
    form_row('2 KB in a header of a part', part(b'X: ' + b'x' * 2000) + END),
    form_row('1 MB in a header of a part', part(b'X: ' + b'x' * 1000000) + END),
    form_row('17 headers of a part', part(b'\r\n'.join([b'X: y'] * 17)) + END),
    form_row('part in base64', part(b'Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name="prompt"') + END),
    form_row('33 parts', b''.join(field(b'stop', b'%d' % i) for i in range(33)) + END, TYPE, 400, VALUE, 'stop'),
    form_row('40 parts without a name', b''.join(part(b'X: y') for _ in range(40)) + END),
    form_row('form in a form', part(b'Content-Disposition: form-data; name="files"\r\n'
                                    b'Content-Type: multipart/mixed; boundary=C', b'--C\r\n\r\nx\r\n--C--') + END,
             TYPE, 400, VALUE, 'files'),
    form_row('JSON in a form', b'{"prompt": "x"}'),
]

# ---- fields, as core/answer/fields.def has them ----

FIELD = re.compile(r'^FIELD\(\w+, "([^"]+)", (\w+), (ABOVE\([^)]*\)|[^,]+), ([^,]+), "[^"]*", (?:true|false),', re.MULTILINE)
BOUNDS = {'STOP_STRING_BYTES_MAX': '128', '0x1p64': str(2 ** 64 - 1)}


def numeric_fields():
    """(name, is an integer, the largest that is too small, a larger one than the largest)"""
    for name, kind, minimum, maximum in FIELD.findall((ROOT / 'core/answer/fields.def').read_text()):
        if kind not in ('INTEGER', 'NUMBER'):
            continue
        low = minimum.removeprefix('ABOVE(').removesuffix(')')
        high = eval(BOUNDS.get(maximum, maximum))
        below = low if low != minimum else str(eval(low) - 1)
        yield name, kind == 'INTEGER', below, str(high + 1)


def with_medium(name):
    """What an option belongs to."""
    modality = name.split('.')[0]
    return [(modality, FILES[modality])] if '.' in name else []


def json_row(name, request, code=VALUE, param=None, status=400):
    return Row(name, request, status, code, param, False)


NUMBERS = []
for _name, _is_integer, _below, _above in numeric_fields():
    _words = ['', 'x', 'nan', '-inf', '1e999', '0x1', ' 1', '1,5', '9' * 400] + (['1.5', '1e3', '+1'] if _is_integer else [])
    NUMBERS += [Row(f'form: {_name}={_word[:20]}', ask(*with_medium(_name), ('prompt', 'x'), (_name, _word)), 400, VALUE, _name)
                for _word in [_below, _above, *_words]]
    if '.' in _name:
        _modality, _option = _name.split('.')
        NUMBERS += [json_row(f'chat: {_name}={_value}', said({'type': 'media', 'media': {
            'modality': _modality, 'data': base64.b64encode(FILES[_modality]).decode(), _option: _value}}), VALUE, _name)
            for _value in (float(_below), float(_above), 'x', [1])]
        continue
    NUMBERS += [json_row(f'chat: {_name}={_value!r}', said(**{_name: _value}), VALUE, _name)
                for _value in (json.loads(_below), '1', [1], {'a': 1}, True)]
    NUMBERS.append(json_row(f'chat: {_name}={_above}', said(**{_name: json.loads(_above)}),
                            *(('invalid_json',) if _name == 'seed' else (VALUE, _name))))

WORDS = [
    *[Row(f'form: {name}={value[:20]!r}{"…" if len(value) > 20 else ""}', ask(('prompt', 'x'), (name, value)), 400, VALUE, name)
      for name, values in [('stream', ('', 'maybe', 'TRUE', '2', 'true ')), ('logprobs', ('', 'on', '-1')),
                           ('task', ('', 'sing', 'Caption', 'x' * 33)), ('stop', ('', 's' * 129, b's\0', b'\xff')),
                           ('system', ('s' * 65537, b's\0', b'\xff')), ('top_logprobs', ('3',))]
      for value in values],
    *[Row(f'form: prompt {name}', ask(('prompt', value)), 400, VALUE, 'prompt')
      for name, value in [('with a zero', b'x\0y'), ('of zeros', b'\0' * 10), ('of 1 MiB and one byte', 'x' * ((1 << 20) + 1)),
                          ('in Latin-1', 'Zürich'.encode('latin-1')), ('cut in a letter', 'ä'.encode()[:1]),
                          ('with half of a pair', b'\xed\xa0\x80'), ('too long for its letter', b'\xc0\xaf'),
                          ('beyond Unicode', b'\xf4\x90\x80\x80')]],
    *[Row(f'form: no prompt {i}', ask(*parts), 400, 'missing_prompt', 'prompt')
      for i, parts in enumerate([[('temperature', '0')], [('prompt', '')], [('image', IMAGE)], [('task', 'choice')]])],
    Row('form: caption of nothing', ask(('task', 'caption')), 400, VALUE, 'task'),
    Row('form: caption and prompt', ask(('image', IMAGE), ('task', 'caption'), ('prompt', 'x')), 400, VALUE, 'prompt'),
    Row('form: long prompt', ask(('prompt', 'word ' * 4000)), 400, 'context_length_exceeded'),
    Row('form: long word', ask(('prompt', 'x' * (1 << 20))), 400, 'context_length_exceeded'),
    *[Row(f'form: {name} twice', ask(('prompt', 'x'), (name, value), (name, value)), 400, VALUE, name)
      for name, value in [('prompt', 'x'), ('temperature', '1'), ('seed', '1'), ('stream', 'false'), ('system', 'x')]],
    Row('form: five stop strings', ask(('prompt', 'x'), *[('stop', f'{i}') for i in range(5)]), 400, VALUE, 'stop'),
    *[Row(f'form: unknown {name}', ask(('prompt', 'x'), (name, 'y')), 400, VALUE, param)
      for name, param in [('promt', 'promt'), ('Prompt', 'Prompt'), ('imu.timestamp', 'imu.timestamp'), ('picture', 'picture'),
                          ('choice', 'choice'), ('model', 'model'), ('a b<script>', None), ('x' * 100, None), ('ä', None)]],
    *[Row(f'form: {name} without its file', ask(('prompt', 'x'), (name, value)), 400, VALUE, name)
      for name, value in [('audio.start', '1'), ('video.end', '1'), ('imu.start', '1'), ('depth.range', 'auto'),
                          ('imu.timestamps', IMU), ('fmri.mask', FMRI)]],
    *[Row(f'form: choices {values}'[:60], ask(('prompt', 'x'), *[('choices', value) for value in values]), 400, VALUE, 'choices')
      for values in (['a', ''], [' '], ['a', 'a'], ['a', ' a '], ['a ### b'], ['x' * 1025], [f'{i}' for i in range(33)])],
    *[Row(f'form: choices with {name}', ask(('prompt', 'x'), ('choices', 'a'), ('logprobs', 'true'), (name, value)), 400, VALUE, name)
      for name, value in [('stop', 'x'), ('top_logprobs', '2')]],
    Row('form: choices beyond the context', ask(('prompt', 'word ' * 240), ('choices', 'word ' * 200)), 400, 'context_length_exceeded'),
    *[Row(f'form: media_id={value[:9]}', ask(('prompt', 'x'), ('media_id', value)), 400, VALUE, 'media_id') for value in ('', 'x' * 64)],
    Row('form: a medium that nobody keeps', ask(('prompt', 'x'), ('media_id', 'media-x')), 404, 'not_found', 'media_id'),
    *[Row(f'{path}: {name}', about(path, *parts), 400, VALUE, param)
      for path in ('/v1/media', '/v1/media/inspect')
      for name, parts, param in [('nothing', [], None), ('a prompt', [('image', IMAGE), ('prompt', 'x')], 'prompt'),
                                 ('a stream', [('image', IMAGE), ('stream', 'true')], 'stream'),
                                 ('an unknown part', [('picture', IMAGE)], 'picture'),
                                 ('an empty file', [('image', b'')], 'image'),
                                 ('an option before its file', [('audio.start', '1')], 'audio.start')]],
    Row('/v1/media: two media', about('/v1/media', ('image', IMAGE), ('imu', IMU)), 400, VALUE, None),
    Row('/v1/media: tensor', about('/v1/media', ('image', IMAGE), ('tensor', 'u8')), 400, VALUE, 'tensor'),
    *[Row(f'/v1/media/inspect: tensor={value}', about('/v1/media/inspect', ('image', IMAGE), ('tensor', value)), 400, VALUE, 'tensor')
      for value in ('', 'f16', 'U8', 'u8 ')],
    Row('form: option before its file', ask(('imu.start', '1'), ('imu', IMU), ('prompt', 'x')), 400, VALUE, 'imu.start'),
    *[Row(f'form: depth.range={value}', ask(('depth', DEPTH), ('depth.range', value), ('prompt', 'x')), 400, VALUE, 'depth.range')
      for value in ('', 'wide', '5,5', '6,5', '1', '1,', ',1', '1,2,3', 'nan,1', '0,inf')],
    *[Row(f'form: {name} ends before it starts', ask((name, FILES[name]), (f'{name}.start', '2'), (f'{name}.end', '1'),
                                                     ('prompt', 'x')), 400, VALUE, f'{name}.end')
      for name in ('audio', 'video', 'imu')],
]

# ---- chat completions ----

ENCODED = base64.b64encode(IMAGE).decode()


def picture(url):
    return {'type': 'image_url', 'image_url': {'url': url}}


def medium(**members):
    return {'type': 'media', 'media': members}


def ask_chat(messages, **fields):
    return chat({'messages': messages, **fields})


PICTURE = picture('data:;base64,' + ENCODED)
DAMAGED = picture('data:;base64,' + base64.b64encode(IMAGE[:300]).decode())
USER = {'role': 'user', 'content': 'x'}
ASSISTANT = {'role': 'assistant', 'content': 'x'}

JSON_BODIES = [
    (b'', 'nothing'), (b'{', 'half an object'), (b'{"messages":', 'cut behind a name'),
    (b'{"messages":[{"role":"user"', 'cut inside'),
    (b'null x', 'trailing letters'), (b'{}{}', 'two objects'), (b'{},', 'trailing comma'), (b"{'a':1}", 'single quotes'),
    (b'{a:1}', 'name without quotes'), (b'{"a":1,}', 'comma too many'), (b'{"a":01}', 'octal number'),
    (b'{"a":.5}', 'bare fraction'),
    (b'{"a":+1}', 'plus sign'), (b'{"a":1.}', 'fraction without digits'), (b'{"a":0x1}', 'hexadecimal'), (b'{"a":NaN}', 'NaN'),
    (b'{"a":-Infinity}', 'infinity'), (b'{"a":1e999}', '1e999'), (b'{"a":' + b'9' * 30 + b'}', '30 digits'),
    (b'{"a":1,"a":2}', 'a name twice'), (b'{"a":{"b":1,"b":1}}', 'a name twice inside'), (b'\xef\xbb\xbf{}', 'byte order mark'),
    (b'\xff\xfe{\0}\0', 'UTF-16'), (b'{"a":"\xff"}', 'not UTF-8'), (b'{"a":"\xed\xa0\x80"}', 'half of a pair in bytes'),
    (b'{"a":"\\ud800"}', 'half of a pair'), (b'{"a":"\\udc00\\ud800"}', 'pair the wrong way round'),
    (b'{"a":"\\u0000"}', 'coded zero'),
    (b'{"a":"\0"}', 'zero'), (b'{"a":"\n"}', 'line feed in a string'), (b'{"a":"\\x41"}', 'unknown escape'),
    (b'{"a":"x', 'open string'),
    (b'{"a":tru}', 'half a word'), (b'/**/{}', 'comment'), (b'[' * 50000, 'deep'), (b'{"a":' * 50000, 'deep objects'),
    (b'\0' * 100, 'zeros'), (b'<?xml version="1.0"?>', 'XML'), (b'messages=x', 'form'), (IMAGE, 'picture')]

JSON = [
    *[json_row(f'{face.__name__}: {name}', face(body), 'invalid_json')
      for face in (chat, tokenize, detokenize) for body, name in JSON_BODIES if face is chat or name in
      ('nothing', 'half an object', 'trailing letters', 'byte order mark', 'half of a pair', 'coded zero', 'deep', 'NaN', 'a name twice')],
    *[json_row(f'{face.__name__}: {name}', face(body), 'payload_too_large', None, 413)
      for face in (chat, tokenize, detokenize)
      for name, body in [('100000 objects', b'[' + b'{},' * 100000 + b'{}]'),
                         ('2000000 numbers', b'[' + b'0,' * 2000000 + b'0]')]],
    *[json_row(f'chat: {body!r}', chat(body)) for body in (b'[]', b'null', b'true', b'1', b'"x"')],
    *[json_row(f'chat: messages {value!r}', chat({'messages': value}), VALUE if value else 'missing_prompt', 'messages')
      for value in ({'a': 1}, 'x', 1, True, None, [])],
    json_row('chat: no messages', chat({}), 'missing_prompt', 'messages'),
    *[json_row(f'chat: message {message!r}', ask_chat([message]), VALUE, 'messages[0].role')
      for message in ('x', 1, None, [], {}, {'role': 'robot', 'content': 'x'}, {'role': 1, 'content': 'x'},
                      {'role': 'tool', 'content': 'x'},
                      {'role': 'User', 'content': 'x'})],
    *[json_row(f'chat: content {content!r}', ask_chat([{'role': 'user', 'content': content}]), VALUE, 'messages[0].content')
      for content in (None, 1, True, {'type': 'text', 'text': 'x'})],
    json_row('chat: no content', ask_chat([{'role': 'user'}]), VALUE, 'messages[0].content'),
    *[json_row(f'chat: nothing asked {i}', ask_chat(messages), 'missing_prompt', f'messages[{len(messages) - 1}]')
      for i, messages in enumerate([[{'role': 'user', 'content': ''}], [{'role': 'user', 'content': []}], [USER, ASSISTANT],
                                    [{'role': 'system', 'content': 'x'}], [{'role': 'user', 'content': [PICTURE]}]])],
    json_row('chat: the assistant speaks first', ask_chat([ASSISTANT, USER]), VALUE, 'messages[0]'),
    json_row('chat: a picture by the assistant', ask_chat([USER, {'role': 'assistant', 'content': [PICTURE]}, USER]),
             VALUE, 'messages[1].content[0]'),
    json_row('chat: a picture in the system sentence', ask_chat([{'role': 'system', 'content': [PICTURE]}, USER]),
             VALUE, 'messages[0].content[0]'),
    json_row('chat: system of 64 KiB and one byte', ask_chat([{'role': 'system', 'content': 'x' * 65537}, USER]), VALUE, 'system'),
    json_row('chat: content of 1 MiB and one byte', ask_chat([{'role': 'user', 'content': 'x' * ((1 << 20) + 1)}]), VALUE,
             'messages[0].content'),
    json_row('chat: long conversation', ask_chat([USER, ASSISTANT] * 2000 + [USER]), VALUE, 'messages[513]'),
    *[json_row(f'chat: part {str(item)[:70]}', said(item), VALUE, 'messages[0].content[1]')
      for item in ('x', 1, None, [], {}, {'type': 1}, {'type': 'hologram'}, {'type': 'text'}, {'type': 'text', 'text': 1},
                   {'type': 'image_url'}, {'type': 'image_url', 'image_url': {}}, {'type': 'image_url', 'image_url': 1},
                   {'type': 'input_audio', 'input_audio': {'format': 'wav'}}, {'type': 'file', 'file': {}}, {'type': 'media'},
                   medium(), medium(data=ENCODED), medium(modality='smell', data=ENCODED), medium(modality=1, data=ENCODED),
                   medium(modality='image'), medium(modality='image', data=1),
                   medium(modality='imu.timestamps', data=ENCODED))],
    *[json_row(f'chat: picture at {url[:40]!r}', said(picture(url)), VALUE, 'messages[0].content[1]')
      for url in ('http://example.org/cat.png', 'https://example.org/cat.png', 'file:///etc/passwd', 'ftp://example.org/x',
                  '//example.org/x',
                  'cat.png', '', 'data:', 'data:image/png,x', 'data:image/png;base64', 'data:;base64,***', 'data:;base64,QUJ',
                  'data:;base64,QUJD=',
                  'data:;base64,QQ=', 'data:;base64,QR==', 'data:;base64,Q Q=', 'data:;base64,QU\nJD', 'data:;base64,QUJ-',
                  'data:;base64,====',
                  'data:;base64,=QUJ', 'data:;base64,ÄQUJ', 'data:;base64,' + ENCODED[:-1])],
    json_row('chat: empty picture', said(picture('data:;base64,')), VALUE, 'image'),
    json_row('chat: sound at an address', said({'type': 'input_audio', 'input_audio': {'data': 'https://example.org/x.wav'}}), VALUE,
             'messages[0].content[1]'),
    json_row('chat: damaged picture', said(DAMAGED), 'invalid_media', 'image'),
    json_row('chat: text for a picture', said(picture('data:;base64,QUJD')), 'unsupported_media_type', 'image', 415),
    json_row('chat: damaged picture as a stream', said(DAMAGED, stream=True),
             'invalid_media', 'image'),
    json_row('chat: nine pictures', said(*[PICTURE] * 9), VALUE, 'image'),
    json_row('chat: 40 files', said(*[medium(modality='imu', data='QUJD', timestamps='QUJD')] * 40), VALUE, 'messages[0].content[9]'),
    *[json_row(f'chat: {name}={value!r}', said(**{name: value}), VALUE, name)
      for name, values in [('stream', ('true', 2, [], {}, 'x')), ('logprobs', ('yes', 2, [])), ('n', (0, 5, -1, '1', 1.5, [])),
                           ('stop', ([''], ['x' * 129], 1, {}, [1], [None], True, '', list('abcde'))),
                           ('stream_options', (True, [], 'x')), ('top_logprobs', (3,))]
      for value in values],
    *[json_row(f'chat: max_completion_tokens={value!r}', said(max_completion_tokens=value), VALUE, 'max_tokens')
      for value in (0, -1, 'x', [], 1.5)],
    json_row('chat: usage of a stream', said(stream_options={'include_usage': 'yes'}), VALUE, 'stream_options.include_usage'),
    Row('chat: a form without JSON', post('/v1/chat/completions', PROMPT + END, ('Content-Type', TYPE)), 400, VALUE, 'request'),
    *[json_row(f'chat: media_id={value!r}', said(medium(media_id=value)), VALUE, 'media_id') for value in (1, [], '', 'x' * 64)],
    json_row('chat: a medium that nobody keeps', said(medium(media_id='media-x')), 'not_found', 'media_id', 404),
    *[json_row(f'tokenize: {body!r}', tokenize(body), VALUE, param)
      for body, param in [([], 'content'), (None, 'content'), (1, 'content'), ({}, 'content'), ({'content': 1}, 'content'),
                          ({'content': None}, 'content'), ({'content': ['x']}, 'content'),
                          ({'content': 'x', 'add_special': 'yes'}, 'add_special'),
                          ({'content': 'x', 'add_special': 1}, 'add_special'),
                          ({'content': 'x', 'with_pieces': []}, 'with_pieces')]],
    *[json_row(f'detokenize: {body!r}', detokenize(body), VALUE, param)
      for body, param in [([], 'tokens'), ({}, 'tokens'), ({'tokens': {}}, 'tokens'), ({'tokens': 'x'}, 'tokens'),
                          ({'tokens': None}, 'tokens'),
                          ({'tokens': [-1]}, 'tokens[0]'), ({'tokens': [1, 512]}, 'tokens[1]'),
                          ({'tokens': [1.5]}, 'tokens[0]'),
                          ({'tokens': ['1']}, 'tokens[0]'), ({'tokens': [None]}, 'tokens[0]'), ({'tokens': [[1]]}, 'tokens[0]'),
                          ({'tokens': [True]}, 'tokens[0]'), ({'tokens': [2 ** 63 - 1]}, 'tokens[0]'),
                          ({'tokens': [-2 ** 63]}, 'tokens[0]')]],
    json_row('detokenize: 2^63', detokenize({'tokens': [2 ** 63]}), 'invalid_json'),
    Row('tokenize: more than 8 MiB', tokenize({'content': 'x' * (8 << 20)}), 413, 'payload_too_large', None, True),
]

# ---- media ----

GARBAGE = b'\x00\x01\x02\x03' * 100


def file_row(name, modality, content, status, code, *more, param=None):
    return Row(f'file: {name}', ask((modality, content), *more, ('prompt', 'x')), status, code, param or modality)


def damaged(name, modality, content):
    return file_row(name, modality, content, 400, 'invalid_media')


def too_large(name, modality, content):
    return file_row(name, modality, content, 413, 'payload_too_large')


def unsupported(name, modality, content):
    return file_row(name, modality, content, 415, 'unsupported_media_type')


MEDIA = [
    *[file_row(f'empty {modality}', modality, b'', 400, VALUE) for modality in FILES],
    *[unsupported(f'bytes for {modality}', modality, GARBAGE) for modality in FILES],
    *[unsupported(f'PDF for {modality}', modality, b'%PDF-1.7\n\xe2\xe3\xcf\xd3 nothing to see') for modality in FILES],
    *[unsupported(f'{other} for {modality}', modality, FILES[other])
      for modality, other in [('image', 'audio'), ('image', 'fmri'), ('image', 'point'), ('image', 'imu'), ('video', 'image'),
                              ('video', 'audio'),
                              ('audio', 'image'), ('audio', 'imu'), ('point', 'image'), ('depth', 'audio'), ('normal', 'imu'),
                              ('imu', 'image'),
                              ('fmri', 'audio'), ('fmri', 'point')]],
    *[damaged(f'{modality} cut after {n} bytes', modality, FILES[modality][:n])
      for modality, n in [('image', 200), ('image', len(IMAGE) // 2), ('video', len(VIDEO) // 2), ('audio', len(AUDIO) // 2),
                          ('point', len(POINT) - 1), ('depth', len(DEPTH) // 2), ('normal', len(NORMAL) // 2),
                          ('fmri', len(FMRI) - 1),
                          ('fmri', 100)]],
    unsupported('playlist for a film', 'video', b'#EXTM3U\nhttp://example.com/x.ts\n'),
    unsupported('list of files for a film', 'video', b'ffconcat version 1.0\nfile /etc/passwd\n'),
    unsupported('SVG for a picture', 'image', b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    too_large('picture of 60000 x 60000', 'image', png(60000, 60000)),
    too_large('JPEG of 65000 x 65000', 'image', jpeg(65000, 65000)),
    too_large('picture of 2^31 x 2^31', 'image', png(2 ** 31 - 1, 2 ** 31 - 1)),
    damaged('picture of 0 x 0', 'image', png(0, 0)),
    damaged('picture without pixels', 'image', png(16, 16)),
    too_large('map of 60000 x 60000', 'depth', png(60000, 60000, kind=0)),
    too_large('normals of 60000 x 60000', 'normal', png(60000, 60000)),
    damaged('map that claims 10^6 x 10^6', 'depth', npy('<f4', (10 ** 6, 10 ** 6), b'\0' * 64)),
    damaged('NaN in a map', 'depth', floats((16, 16), float('nan'), n=256)),
    damaged('NaN in points', 'point', floats((2000, 6), float('nan'), n=12000)),
    damaged('infinity in points', 'point', floats((2000, 3), float('inf'), n=6000)),
    file_row('1023 points', 'point', floats((1023, 6), n=6138), 400, VALUE),
    damaged('no points', 'point', floats((0, 3), n=0)),
    damaged('points of 5 numbers', 'point', floats((2000, 5), n=10000)),
    damaged('NPY that claims 10^12 points', 'point', npy('<f4', (10 ** 12, 6), b'\0' * 64)),
    damaged('PLY that claims 10^12 points', 'point', ply(10 ** 12)),
    damaged('PLY without its points', 'point', ply(2000, b'0 0 0\n')),
    damaged('PLY with letters', 'point', ply(2000, b'a b c\n' * 2000)),
    damaged('NPY with objects', 'point', npy('|O', (2000, 3), b'\x80\x04K\x01.')),
    damaged('NPY whose header runs away', 'fmri', b'\x93NUMPY\x02\x00\xff\xff\xff\xff{'),
    damaged('NPY without numbers', 'fmri', npy('<f4', (1, 15724), b'')),
    damaged('NPY of a negative shape', 'fmri', npy('<f4', (-1, 15724), b'\0' * 64)),
    damaged('NPY whose shape overflows', 'fmri', npy('<f4', (2 ** 62, 2 ** 62), b'\0' * 64)),
    damaged('NPY that claims 10^6 repeats', 'fmri', npy('<f4', (10 ** 6, 15724), b'\0' * 64)),
    damaged('NaN in brain activity', 'fmri', floats((1, 15724), float('nan'), n=15724)),
    file_row('5 voxels', 'fmri', floats((1, 5), n=5), 400, VALUE),
    damaged('volume without numbers', 'fmri', nifti(60, 60, 60)),
    unsupported('gzip of zeros', 'fmri', gzip.compress(b'\0' * 50_000_000, mtime=0)),
    damaged('gzip that is cut', 'fmri', gzip.compress(nifti(60, 60, 60) + b'\0' * 1000, mtime=0)[:-8]),
    damaged('NaN in motion', 'imu', b'0,0,0,0,0,nan\n' * 400),
    damaged('letters in motion', 'imu', b'0,0,0,0,0,0\n' * 400 + b'a,b,c,d,e,f\n'),
    damaged('five columns of motion', 'imu', b'0,0,0,0,0\n' * 400),
    damaged('rows of different length', 'imu', b'0,0,0,0,0,0\n0,0,0\n' * 200),
    file_row('window behind the end of the motion', 'imu', IMU, 400, VALUE, ('imu.start', '1000')),
    damaged('NPY that claims a week of motion', 'imu', npy('<f4', (10 ** 9, 6), b'\0' * 64)),
    file_row('time stamps of another length', 'imu', IMU, 400, VALUE, ('imu.timestamps', b'0\n1\n2\n')),
    file_row('time stamps that are a picture', 'imu', IMU, 415, 'unsupported_media_type', ('imu.timestamps', IMAGE), param='imu.timestamps'),
    file_row('empty time stamps', 'imu', IMU, 400, VALUE, ('imu.timestamps', b''), param='imu.timestamps'),
    file_row('mask that is a picture', 'fmri', FMRI, 415, 'unsupported_media_type', ('fmri.mask', IMAGE), param='fmri.mask'),
    damaged('recording without samples', 'audio', wav(0)),
    damaged('recording that claims 4 GB', 'audio', wav(0xffffff00)),
    damaged('recording of 0 Hz', 'audio', wav(1000, rate=0) + b'\0' * 1000),
    damaged('recording without channels', 'audio', wav(1000, channels=0) + b'\0' * 1000),
    file_row('second picture damaged', 'image', IMAGE, 400, 'invalid_media', ('image', IMAGE[:200]), param='image[1]'),
    file_row('nine pictures', 'image', IMAGE, 400, VALUE, *[('image', IMAGE)] * 8),
    file_row('17 pictures', 'image', IMAGE, 400, VALUE, *[('image', IMAGE)] * 16),
]

ROWS = [*REQUEST_LINES, *HEADERS, *LENGTHS, *CHUNKS, *FORMS, *NUMBERS, *WORDS, *JSON, *MEDIA]
