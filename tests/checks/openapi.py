#!/usr/bin/python3
"""docs/openapi.json says what the tables in the code say: fields and their limits, routes, errors."""

import json
import re
import sys

from sources import Tap, text

FIELD = re.compile(r'FIELD\(\w+, "([^"]+)", (\w+), (.*?), (.*?), "([^"]*)", (true|false),', re.DOTALL)
OF_FORMS_ALONE = ('prompt', 'task', 'system', 'choices', 'media_id')  # a chat says these in its messages, or not at all


def limit(source):
    """(value, whether it is excluded)"""
    source = source.strip()
    above = re.fullmatch(r'ABOVE\((.*)\)', source)
    known = {'0x1p64': 2 ** 64 - 1, 'STOP_STRING_BYTES_MAX': int(re.search(
        r'#define STOP_STRING_BYTES_MAX (\d+)', text('core/text/conversation.h')).group(1))}
    source = above.group(1) if above else source
    shift = re.fullmatch(r'(\d+) << (\d+)', source)
    return known.get(source) or (int(shift[1]) << int(shift[2]) if shift else float(source)), bool(above)


def schema_of(kind, minimum, maximum, default):
    """What of a field's schema follows from its row."""
    (low, is_excluded), (high, _) = limit(minimum), limit(maximum)
    if kind == 'TEXT':
        return {'type': 'string', **({'minLength': low} if low else {}), 'maxLength': high,
                **({'default': default} if default else {})}
    if kind == 'BOOLEAN':
        return {'type': 'boolean', 'default': default == 'true'}
    return {'type': kind.lower(), 'exclusiveMinimum' if is_excluded else 'minimum': low, 'maximum': high,
            **({'default': float(default)} if default else {})}


def schema_in(schema):
    """The same of a field in the document, which may be a list of such, or that or one of them."""
    schema = schema['oneOf'][1] if 'oneOf' in schema else schema
    schema = schema['items'] if schema['type'] == 'array' else schema
    return {key: value for key, value in schema.items() if key not in ('description', 'enum')}


def references(value):
    if isinstance(value, dict):
        yield from ([value['$ref']] if '$ref' in value else [])
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from references(item)


def resolves(document, reference):
    for key in reference.removeprefix('#/').split('/'):
        document = document.get(key, {})
    return bool(document)


def main():
    tap = Tap()
    document = json.loads(text('docs/openapi.json'))
    paths, schemas = document['paths'], document['components']['schemas']

    rows = {name: schema_of(kind, low, high, default) for name, kind, low, high, default, _ in
            FIELD.findall(text('core/answer/fields.def'))}
    form = paths['/v1/answers']['post']['requestBody']['content']['multipart/form-data']['schema']['properties']
    faces = {'form': (form, rows),
             'chat': (schemas['ChatRequest']['properties'],
                      {name: row for name, row in rows.items() if '.' not in name and name not in OF_FORMS_ALONE})}
    tap.check(len(rows) > 10, 'the table of fields was read')
    for face, (properties, expected) in faces.items():
        faults = [f'{name}: {schema_in(properties[name]) if name in properties else "missing"}, not {row}'
                  for name, row in expected.items() if name not in properties or schema_in(properties[name]) != row]
        tap.check(not faults, f'{len(expected)} fields of the {face}', '\n'.join(faults))

    routes = {(method.lower(), path + '{id}' if path.endswith('/') and path != '/' else path)
              for method, path in re.findall(r'\{"(GET|POST|DELETE)", "([^"]+)"', text('server/routes.c'))}
    found = {(method, path) for path, methods in paths.items() for method in methods}
    tap.check(routes == found, f'{len(routes)} routes', f'{sorted(routes ^ found)}')

    problems = re.findall(r'\{PROBLEM_\w+, (\d+), "(\w+)", "(\w+)"', text('server/api_error.c'))
    error = schemas['Error']['properties']['error']['properties']
    responses = document['components']['responses']
    faults = [f'{status} {code}' for status, kind, code in problems if code not in error['code']['enum'] or
              kind not in error['type']['enum'] or f'`{code}`' not in responses[f'e{status}']['description']]
    faults += sorted(set(error['code']['enum']) - {code for _, _, code in problems})
    tap.check(problems and not faults, f'{len(problems)} errors', '\n'.join(faults))

    lost = [reference for reference in references(document) if not resolves(document, reference)]
    tap.check(not lost, 'every reference leads somewhere', '\n'.join(lost))
    names = [operation['operationId'] for methods in paths.values() for operation in methods.values()]
    tap.check(len(names) == len(set(names)), 'every operation has its own name')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
