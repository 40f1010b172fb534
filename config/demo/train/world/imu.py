"""Motion of the demo world, as a phone's accelerometer and gyroscope feel it: still, walking, running, shaking, turning
left or right, falling.

A motion is made in a frame that stands upright (x and y level, z up), then turned into the frame of the device, which
is held along one of its axes, more or less; then come bias, noise, limits, rounding, units and the file's clock. At
rest an accelerometer shows 1 g upwards. Left is counter-clockwise when seen from above.

Cadences and strengths of different motions keep clear of each other: walking 1.4 to 2.1 steps per second and up to 4
m/s2, running 2.5 to 3.3 and from 7.5 m/s2 on, shaking 3.9 to 8 times per second."""
import numpy as np

from .signals import chance, log_uniform, pick, resample

MOTIONS = ['still', 'walking', 'running', 'shaking', 'turning left', 'turning right', 'falling']
ATTRIBUTES = {'motion': MOTIONS}

G = 9.80665
RATE = 200
N_SAMPLES = 400
WINDOW_MS = 2000
SAMPLES_MIN = 24
RATE_SHARES = {200: 35, 100: 25, 50: 18, 25: 3, 52: 2, 60: 3, 104: 3, 119: 2, 128: 2, 208: 2, 250: 2, 400: 3}
UPWARDS = {(0, 0, 1): 45, (0, 1, 0): 22, (1, 0, 0): 12, (0, 0, -1): 8, (0, -1, 0): 7, (-1, 0, 0): 6}


# Ingredients.

def random_axis(rng):
    axis = rng.standard_normal(3)
    return axis / np.linalg.norm(axis)


def rotation(axis, angle):
    """Rodrigues' formula: a matrix that turns by this angle about a unit vector."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def smooth_step(t, begin, end):
    way = np.clip((t - begin) / (end - begin), 0, 1)
    return way * way * (3 - 2 * way)


def wobble(rng, t, low_hertz, high_hertz, n_channels):
    """[n, n_channels]: a few sines of unrelated frequencies; root mean square about 1."""
    hertz = rng.uniform(low_hertz, high_hertz, (5, n_channels))
    angles = 2 * np.pi * (hertz * t[:, None, None] + rng.random((5, n_channels)))
    return (np.sin(angles) * rng.uniform(0.3, 1, (5, n_channels))).sum(1) / 1.5


def gait_phase(rng, t, cadence):
    """Steps since the beginning; no two steps last equally long."""
    return cadence * t + rng.random() + rng.uniform(0, 0.03) * wobble(rng, t, 0.2, 0.8, 1)[:, 0]


def sway(rng, phase, strength):
    """[n, 3]: the body's swing with every pair of steps, with harmonics of its own."""
    k = np.array([0.5, 1, 1.5, 2])
    weights = np.array([1, 0.6, 0.25, 0.2]) * rng.uniform(0.2, 1, (3, 4)) * rng.uniform(0.3, 1, (3, 1))
    angles = 2 * np.pi * (k * phase[:, None, None] + rng.random((3, 4)))
    return strength * (weights * np.sin(angles)).sum(2)


# Motions: t [n] seconds -> acceleration without gravity and angular velocity, [n, 3] each, in the upright frame.

def still(rng, t):
    """On a table, or in a hand that trembles, but so little that even in degrees it is no turning."""
    if chance(rng, 0.55):
        return np.zeros((t.size, 3)), np.zeros((t.size, 3))
    tremor = rng.uniform(0.02, 0.12) * wobble(rng, t, 6, 12, 3) + rng.uniform(0, 0.08) * wobble(rng, t, 0.2, 1.5, 3)
    turns = rng.uniform(0.002, 0.015) * wobble(rng, t, 6, 12, 3) + rng.uniform(0, 0.008) * wobble(rng, t, 1, 3, 3)
    return tremor, turns


def walking(rng, t):
    cadence, bounce = rng.uniform(1.4, 2.1), log_uniform(rng, 1.5, 4)
    phase = gait_phase(rng, t, cadence)
    is_plain = chance(rng, 0.3)
    up = np.sin(2 * np.pi * phase)
    if not is_plain:
        up += rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * (2 * phase + rng.random()))
        up += rng.uniform(0, 0.25) * np.sin(2 * np.pi * (3 * phase + rng.random()))
        up *= 1 + rng.uniform(0, 0.25) * np.sin(np.pi * phase + rng.uniform(0, 6))
        heel = np.exp(-((phase % 1) - 0.15) ** 2 / 2 / rng.uniform(0.02, 0.05) ** 2)
        up += rng.uniform(0, 0.8) * (heel - heel.mean())
    forth = rng.uniform(0.2, 0.7) * np.sin(2 * np.pi * (phase + rng.random()))
    aside = rng.uniform(0.15, 0.6) * np.sin(np.pi * phase + rng.uniform(0, 6))
    if is_plain and chance(rng, 0.5):
        forth, aside = forth * 0, aside * 0
    return bounce * np.stack([forth, aside, up], 1), sway(rng, phase, pick(rng, {0: 1, log_uniform(rng, 0.15, 1.5): 5}))


def running(rng, t):
    """A plain swing, or steps with a time in the air, where nothing is felt, and a push of the ground that makes up for
    it."""
    cadence = rng.uniform(2.5, 3.3)
    phase = gait_phase(rng, t, cadence)
    if chance(rng, 0.3):
        bounce = rng.uniform(7.5, 18)
        up = bounce * np.sin(2 * np.pi * phase)
        up += bounce * rng.uniform(0, 0.3) * np.sin(2 * np.pi * (2 * phase + rng.random()))
    else:
        stance = rng.uniform(0.45, 0.85)
        push = np.sin(np.pi * np.minimum(phase % 1 / stance, 1)) * np.pi / 2 / stance
        heel = np.exp(-((phase % 1) - 0.12 * stance) ** 2 / 2 / rng.uniform(0.015, 0.04) ** 2)
        up = G * (push - 1) + rng.uniform(0, 12) * (heel - heel.mean())
        up *= rng.uniform(0.85, 1.1) * (1 + rng.uniform(0, 0.15) * np.sin(np.pi * phase + rng.uniform(0, 6)))
    strength = rng.uniform(7.5, 14)
    forth = rng.uniform(0.1, 0.5) * strength * np.sin(2 * np.pi * (phase + rng.random()))
    aside = rng.uniform(0.1, 0.4) * strength * np.sin(np.pi * phase + rng.uniform(0, 6))
    if chance(rng, 0.15):
        forth, aside = forth * 0, aside * 0
    return np.stack([forth, aside, up], 1), sway(rng, phase, pick(rng, {0: 1, log_uniform(rng, 0.4, 4): 5}))


def shaking(rng, t):
    """Back and forth along a line that may wander, as fast as a hand can."""
    hertz, strength = rng.uniform(3.9, 8), log_uniform(rng, 8, 40)
    phase = hertz * t + rng.random() + rng.uniform(0, 0.15) * wobble(rng, t, 0.3, 1.2, 1)[:, 0]
    line = random_axis(rng) if chance(rng, 0.7) else np.eye(3)[rng.integers(3)]
    across = np.cross(line, random_axis(rng)) * pick(rng, {0: 1, rng.uniform(0, 0.4): 2})
    swing = np.sin(2 * np.pi * phase) + rng.uniform(0, 0.3) * np.sin(2 * np.pi * (3 * phase + rng.random()))
    swing += rng.uniform(0, 0.2) * np.sin(2 * np.pi * (2 * phase + rng.random()))
    swing *= 1 + rng.uniform(0, 0.2) * wobble(rng, t, 0.3, 1.5, 1)[:, 0]
    side = np.sin(2 * np.pi * (phase + rng.random()))
    turns = random_axis(rng) * np.sin(2 * np.pi * (phase + rng.random()))[:, None]
    return (strength * (swing[:, None] * line + side[:, None] * across),
            pick(rng, {0: 1, log_uniform(rng, 0.1, 6): 5}) * turns)


def turning(rng, t, sign):
    """About the vertical, for most of the time that is seen, steadily or starting and stopping."""
    seen = min(t[-1], WINDOW_MS / 1000)
    speed = log_uniform(rng, 0.65, 4)
    profile = np.ones(t.size)
    if chance(rng, 0.65):
        share = rng.uniform(0.55, 0.95)
        begin = rng.uniform(0, 1 - share) * seen
        end, edge = begin + share * seen, rng.uniform(0.1, 0.45) * share * seen
        profile = smooth_step(t, begin, begin + edge) * (1 - smooth_step(t, end - edge, end))
        speed = max(speed, 1)
    profile = profile * (1 + rng.uniform(0, 0.1) * wobble(rng, t, 0.3, 2, 1)[:, 0])
    unrest = pick(rng, {0: 1, log_uniform(rng, 0.03, 0.4): 3})
    angular = np.zeros((t.size, 3))
    angular[:, 2] = sign * speed * profile
    angular += 0.15 * unrest * wobble(rng, t, 0.5, 6, 3)
    radius = rng.uniform(0, 0.12) * chance(rng, 0.6)
    linear = unrest * wobble(rng, t, 0.5, 8, 3)
    linear[:, 0] += radius * angular[:, 2] ** 2
    return linear, angular


def landing(rng, t, at, strength):
    """[n, 3] a push that lasts at least a sample, and what rings after it; and the ringing alone, [n]."""
    length = max(rng.uniform(0.015, 0.05), 1.3 * (t[1] - t[0]))
    push = np.sin(np.pi * np.clip((t - at) / length, 0, 1))
    after = np.maximum(t - at, 0)
    ring = np.exp(-after / rng.uniform(0.02, 0.08)) * np.sin(2 * np.pi * rng.uniform(8, 30) * after)
    direction = random_axis(rng) * [0.6, 0.6, 1] + [0, 0, rng.uniform(0.3, 1.5)]
    line = direction / np.linalg.norm(direction)
    return strength * (push[:, None] * line + rng.uniform(0, 0.4) * ring[:, None] * random_axis(rng)), ring


def falling(rng, t):
    """Held still, let go, nothing felt in flight, a hard landing, perhaps a hop; then still, maybe on another side."""
    seen = min(t[-1], WINDOW_MS / 1000)
    flight = rng.uniform(0.25, min(0.6, 0.45 * seen))
    begin = rng.uniform(0.05, seen - flight - 0.25)
    end = begin + flight
    held = 1 - smooth_step(t, begin, begin + rng.uniform(0.005, 0.06))
    strength = log_uniform(rng, 30, 150)
    push, ring = landing(rng, t, end, strength)
    lies = t >= end
    if chance(rng, 0.3):
        hop_end = end + rng.uniform(0.1, 0.2)
        push += landing(rng, t, hop_end, strength * rng.uniform(0.2, 0.5))[0]
        lies = t >= hop_end
    up = np.array([0, 0, 1])
    side = rotation((1, 0, 0), rng.uniform(0.2, np.pi)) @ up if chance(rng, 0.4) else up
    linear = push - G * up + G * (held[:, None] * up + lies[:, None] * side)
    linear += rng.uniform(0, 0.1) * wobble(rng, t, 0.5, 9, 3) * held[:, None]

    tumble = random_axis(rng) * pick(rng, {0: 1, log_uniform(rng, 0.2, 6): 4})
    flies = smooth_step(t, begin, begin + 0.1) * ~lies
    return linear, flies[:, None] * tumble + rng.uniform(0, 5) * ring[:, None] * random_axis(rng)


MAKERS = {'still': still, 'walking': walking, 'running': running, 'shaking': shaking, 'falling': falling,
          'turning left': lambda rng, t: turning(rng, t, 1), 'turning right': lambda rng, t: turning(rng, t, -1)}


# The device.

def hold(rng, up):
    """A matrix from the upright frame to the device's: any heading, a little tilt, and `up` pointing upwards."""
    up = np.array(up, float)
    first = np.roll(np.abs(up), 1)
    upright = np.stack([first, np.cross(up, first), up], 1)
    return (rotation(random_axis(rng), np.radians(rng.uniform(0, 18)) * chance(rng, 0.8)) @ upright
            @ rotation((0, 0, 1), rng.uniform(0, 2 * np.pi)))


def quantise(values, step):
    return np.rint(values / step) * step


def sense(rng, linear, angular):
    """Noise, bias, limits and steps of the sensors; m/s2 and rad/s."""
    noise = np.concatenate([np.full(3, log_uniform(rng, 0.003, 0.2)), np.full(3, log_uniform(rng, 0.0005, 0.02))])
    noise *= rng.uniform(0.6, 1.5, 6)
    bias = np.concatenate([rng.uniform(-0.12, 0.12, 3), rng.uniform(-0.004, 0.004, 3)]) * rng.random()
    values = np.concatenate([linear, angular], 1)
    values += bias + noise * rng.standard_normal(values.shape) * (rng.random() > 0.05)
    limit = np.repeat([G * rng.choice([4, 8, 16, 16]), np.radians(rng.choice([500, 2000]))], 3)
    values = np.clip(values, -limit, limit)
    return quantise(values, limit / 2 ** int(rng.choice([11, 15, 15, 20])))


def draw_clock(rng, rate, n):
    """The file's times: {'unit', 'values' [n]} as they are written; None without a clock, which means 200 Hz."""
    unit = pick(rng, {None: 5 if rate == RATE else 0, 's': 4, 'ms': 4, 'ns': 1.5, 'us': 0.5})
    if unit is None:
        return None
    seconds = np.arange(n) / rate
    if chance(rng, 0.3):
        seconds[1:] += rng.uniform(-0.2, 0.2, n - 1) / rate
    per_second = {'s': 1, 'ms': 1e3, 'us': 1e6, 'ns': 1e9}[unit]
    decimals = {'s': 6, 'ms': int(rng.choice([0, 3])) if rate < 500 else 3}.get(unit, 0)
    begin = {0: 0, 'a clock': float(rng.integers(5, 90000)), 'epoch': 1.7e9 + float(rng.integers(5 * 10 ** 7))}[
        pick(rng, {0: 6, 'a clock': 2, 'epoch': 2})]
    return {'unit': unit, 'decimals': decimals, 'values': np.round((begin + seconds) * per_second, decimals)}


def times_ms(clock, n):
    if clock is None:
        return np.arange(n) * (1000 / RATE)
    return clock['values'] * {'s': 1e3, 'ms': 1, 'us': 1e-3, 'ns': 1e-6}[clock['unit']]


def make(rng):
    """A scene: its facts, its clock, and its samples (raw, f64 [n, 6]: acceleration xyz, angular velocity xyz)."""
    motion, rate = MOTIONS[rng.integers(len(MOTIONS))], pick(rng, RATE_SHARES)
    seconds = rng.uniform(1.1, 1.95) if chance(rng, 0.12) else pick(rng, {2: 3, 3: 1, 4: 1, rng.uniform(2, 6): 5})
    n = max(int(seconds * rate), SAMPLES_MIN)
    linear, angular = MAKERS[motion](rng, np.arange(n) / rate)

    has_gravity = motion == 'falling' or chance(rng, 0.85)
    frame = hold(rng, pick(rng, UPWARDS) if has_gravity else (0, 0, 1))
    if has_gravity:
        linear = linear + [0, 0, G]
    values = sense(rng, linear @ frame.T, angular @ frame.T)
    # Gravity tells the unit; without it a run in g would look like a walk in m/s2.
    in_g, in_degrees = has_gravity and chance(rng, 0.18), chance(rng, 0.15)
    values = values * np.repeat([1 / G if in_g else 1, 180 / np.pi if in_degrees else 1], 3)
    return {'modality': 'imu', 'facts': {'modality': 'imu', 'motion': motion}, 'raw': np.round(values, 6),
            'clock': draw_clock(rng, rate, n), 'rate': rate, 'up': frame[:, 2], 'units': (in_g, in_degrees)}


# What the network is given.

def tensor(scene):
    """The first 2 s at 200 Hz: f32 [6, 400]."""
    times = times_ms(scene['clock'], len(scene['raw']))
    window = scene['raw'][times < (times[0] if times[0] > 4000 else 0) + WINDOW_MS]
    mean_ms = (times[len(window) - 1] - times[0]) / (len(window) - 1)
    given = resample(np.ascontiguousarray(window.T), int(1000 / mean_ms + 1e-6), RATE)[:, :N_SAMPLES]
    ret = np.zeros((6, N_SAMPLES), np.float32)
    ret[:, :given.shape[1]] = given
    return ret


def trace(scene):
    """What is to be felt, each number about 0..1, NaN what there is not: f32 [16], the units; how strong the motion and how
    fast the turns are, in logarithms; how often it repeats itself; how far the strongest push goes; and of each fifth of the
    time how strong the motion is and how it turns to the left."""
    in_g, in_degrees = scene['units']
    n = min(N_SAMPLES, int(len(scene['raw']) * RATE / scene['rate']))
    felt = tensor(scene)[:, :n].T.astype(np.float64)
    linear, angular = felt[:, :3] * (G if in_g else 1), felt[:, 3:] * (np.pi / 180 if in_degrees else 1)
    linear = linear - linear.mean(0)
    to_left = angular @ scene['up']
    strength = (linear ** 2).sum(1)
    fifths = np.array_split(np.arange(n), 5)

    def level(mean_square, least, most):
        return np.log10(max(mean_square, 1e-9) ** 0.5 / least) / np.log10(most / least)

    repeats = np.nan
    if scene['facts']['motion'] in ('walking', 'running', 'shaking'):
        power = (np.abs(np.fft.rfft(linear * np.hanning(n)[:, None], 4096, 0)) ** 2).sum(1)
        hertz = np.arange(len(power)) * RATE / 4096
        repeats = np.log2(hertz[np.argmax(power * (hertz > 0.5) * (hertz < 10))]) / 3
    return np.array([in_g, in_degrees, level(strength.mean(), 0.003, 30), level((angular ** 2).sum(1).mean(), 0.0005, 5),
                     repeats, level(strength.max(), 0.01, 150),
                     *(level(strength[part].mean(), 0.003, 30) for part in fifths),
                     *(np.tanh(to_left[part].mean()) for part in fifths)], np.float32)


# Files.

CHANNEL_NAMES = ['ax,ay,az,gx,gy,gz', 'acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z',
                 'accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z', 'accX,accY,accZ,gyrX,gyrY,gyrZ',
                 'accelerometer x,accelerometer y,accelerometer z,gyroscope x,gyroscope y,gyroscope z',
                 'AccelX,AccelY,AccelZ,GyroX,GyroY,GyroZ']
TIME_NAMES = {'s': ['time_s', 't [s]', 'Time (s)', 'time', 't'],
              'ms': ['timestamp_ms', 'time [ms]', 'Time (ms)', 'timestamp', 'time'],
              'us': ['time_us', 'timestamp (us)'], 'ns': ['timestamp_ns', 'time [ns]']}


def write_npy(scene, path, rng):
    """6 x T, T x 6, or seven rows or columns, of which the first is the time; its unit has to speak for itself."""
    values, dtype = scene['raw'], np.float32
    if scene['clock']:
        times = times_ms(scene['clock'], len(values))
        values, dtype = np.column_stack([times if chance(rng, 0.6) else times / 1000, values]), np.float64
    np.save(path, (values if chance(rng, 0.5) else values.T).astype(dtype))


def write_csv(scene, path, rng):
    values, clock = scene['raw'], scene['clock']
    separator = str(rng.choice([',', ',', ',', ';', '\t']))
    names, formats = str(rng.choice(CHANNEL_NAMES)).split(','), [f'%.{rng.integers(4, 7)}f'] * 6
    if clock:
        at = 0 if chance(rng, 0.85) else 6
        values = np.insert(values, at, clock['values'], axis=1)
        names.insert(at, str(rng.choice(TIME_NAMES[clock['unit']])))
        formats.insert(at, f'%.{clock["decimals"]}f')
    # Without names only seconds and milliseconds are understood.
    is_named = chance(rng, 0.8) or (clock and clock['unit'] in ('us', 'ns'))
    np.savetxt(path, values, formats, separator, header=separator.join(names) if is_named else '', comments='')


def write(scene, folder, stem, rng):
    """[('imu', path)]"""
    kind = 'npy' if chance(rng, 0.4) else 'csv'
    path = f'{folder}/{stem}.{kind}'
    (write_npy if kind == 'npy' else write_csv)(scene, path, rng)
    return [('imu', path)]
