"""Test Anything Protocol for the Python suites: what meson and tests/summary.py read.

    tap = Tap()
    tap.check(value == 3, 'value is three', f'found {value}')
    sys.exit(tap.finish())
"""


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def _line(self, good, name, suffix=''):
        self.n += 1
        print(f"{'ok' if good else 'not ok'} {self.n} - {name.replace('#', '')}{suffix}", flush=True)

    def check(self, good, name, detail=''):
        """One test. `detail` is shown when it fails: what was expected and what was found."""
        self._line(good, name)
        if not good:
            self.failed += 1
            if detail:
                self.note(detail)
        return good

    def skip(self, name, reason):
        self._line(True, name, f' # SKIP {reason}')

    def note(self, text):
        for line in str(text).splitlines():
            print(f'# {line}', flush=True)

    def finish(self):
        """Prints the plan; returns the exit status."""
        print(f'1..{self.n}', flush=True)
        return 1 if self.failed else 0
