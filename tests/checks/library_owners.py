#!/usr/bin/python3
"""Every foreign library has one owner: the few files that may include its headers, so that it can be replaced there."""

import fnmatch
import re
import sys

from sources import PRODUCT, Tap, files, text

OWNERS = {
    'libmicrohttpd': (r'microhttpd\.h', ['server/http.c']),
    'libuv': (r'uv\.h', ['server/loop.c']),
    'OpenBLAS': (r'(cblas|openblas.*|lapacke?)\.h', ['core/tensor/matmul.c']),
    'libb64': (r'b64/.*\.h', ['core/answer/base64.c']),
    'jansson': (r'jansson\.h', ['core/base/value.c']),
    'nettle': (r'nettle/.*\.h', ['core/base/digest.c']),
    'libinih': (r'ini\.h', ['config/config.c']),
    'libzip': (r'zip\.h', ['core/file/zip_archive.c']),
    'libseccomp': (r'seccomp\.h', ['server/media/media_sandbox.c']),
    'zlib': (r'zlib\.h', ['core/media/nifti.c', 'core/media/picture_header.c']),
    'libjpeg': (r'(jpeglib|jerror|turbojpeg)\.h', ['core/media/jpeg.c']),
    'FFmpeg': (r'lib(av|sw)[a-z]+/.*\.h', ['core/media/ffmpeg*.[ch]', 'core/media/film.c',
                                            'core/media/frame_pixels.[ch]', 'core/media/webp_pixels.[ch]']),
}


def main():
    tap = Tap()
    includes = [(str(path), match.group(1)) for path in files(PRODUCT, '.c', '.h')
                for match in re.finditer(r'^\s*#\s*include\s+<([^>]+)>', text(path), re.MULTILINE)]
    for library, (header, owners) in OWNERS.items():
        users = sorted({path for path, name in includes if re.fullmatch(header, name)})
        strangers = [path for path in users if not any(fnmatch.fnmatch(path, owner) for owner in owners)]
        tap.check(not strangers, f"{library} is used by {', '.join(owners)} alone", '\n'.join(strangers))
        tap.check(bool(users), f'{library} is used at all')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
