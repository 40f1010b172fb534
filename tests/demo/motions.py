"""What phones write down while somebody walks with them: CSV files with the headers, units and clocks of several logger
apps. The movements are sums of sines, bumps and a little noise, on three accelerometer axes (at rest the one that
points up reads +g) and three gyroscope axes (right-handed).

A way of carrying says which axis of the phone points up, with its sign; the next axis points ahead."""

import math
import random

from case import CAPTION, Case
from expected import NO, YES, motion

G = 9.81


def sine(t, hertz, phase=0.0):
    return math.sin(2 * math.pi * hertz * t + phase)


def bump(t, at, width):
    return math.exp(-((t - at) / width) ** 2)


def step_bumps(t, hertz, width):
    """A sharp bump at every step."""
    since = (t * hertz) % 1 / hertz
    return bump(since, 0.04, width) + bump(since - 1 / hertz, 0.04, width)


# A movement: t -> (acceleration up, ahead, aside without gravity, rotation about up, ahead, aside).

def still(t):
    return 0, 0, 0, 0, 0, 0


def strolling(t):
    return (2.2 * sine(t, 1.9) + 1.8 * step_bumps(t, 1.9, 0.03), 1.1 * sine(t, 1.9, 1.2), 0.8 * sine(t, 0.95),
            0.4 * sine(t, 0.95, 0.6), 0.25 * sine(t, 1.9), 0.3 * sine(t, 0.95, 2))


def marching(t):
    return (3 * sine(t, 1.7) + 1.2 * sine(t, 3.4, 0.5) + 1.5 * step_bumps(t, 1.7, 0.04), 1.5 * sine(t, 1.7, 0.9),
            sine(t, 0.85, 0.4), 0.5 * sine(t, 0.85), 0.6 * sine(t, 1.7, 1), 0.2 * sine(t, 0.85, 0.3))


def jogging(t):
    return (9 * sine(t, 2.7) + 13 * step_bumps(t, 2.7, 0.03), 4 * sine(t, 2.7, 0.8), 3 * sine(t, 1.35),
            1.4 * sine(t, 1.35), 1.2 * sine(t, 2.7, 0.5), 1.5 * sine(t, 1.35, 1))


def sprinting(t):
    return (12 * sine(t, 3.1) + 16 * step_bumps(t, 3.1, 0.025), 6 * sine(t, 3.1, 1), 4 * sine(t, 1.55, 0.3),
            2.2 * sine(t, 1.55), 1.8 * sine(t, 3.1), 2 * sine(t, 1.55, 2))


def rattling(t):
    return (3 * sine(t, 5.5, 0.7), 17 * sine(t, 5.5), 4 * sine(t, 5.5, 0.2), 1.5 * sine(t, 5.5, 1), sine(t, 5.5),
            4 * sine(t, 5.5, 0.4))


def cocktail(t):
    return (22 * sine(t, 6.2), 5 * sine(t, 6.2, 0.5), 6 * sine(t, 6.2, 1.2), 2 * sine(t, 6.2), 5 * sine(t, 6.2, 0.9),
            3 * sine(t, 6.2, 2))


def turning(speed):
    return lambda t: (0.1 * sine(t, 1.1), 0.08 * sine(t, 0.8), 0.15,
                      speed * (1 + 0.12 * sine(t, 0.4)), 0.03 * sine(t, 1), 0.04 * sine(t, 0.7))


def dropping(begin, end):
    """Held, then nothing pulls, then the floor."""
    def movement(t):
        free = begin < t < end
        hit = 70 * bump(t, end + 0.015, 0.012) - 15 * bump(t, end + 0.06, 0.02) + 8 * bump(t, end + 0.15, 0.02)
        after = hit if t >= end else 0
        return -G if free else after, 0.4 * after, 0.3 * after, 0.5 * free, 1.2 * free + 0.1 * after, 0.8 * free
    return movement


CARRYING = {  # for each of the phone's x, y, z: index among up, ahead, aside, and its sign
    'on the table': ((2, 1), (1, 1), (0, 1)),
    'in the hand, upright': ((2, 1), (0, 1), (1, -1)),
    'in the pocket, upside down': ((2, -1), (0, -1), (1, -1)),
    'on its left side': ((0, 1), (1, 1), (2, -1)),
    'face down': ((2, -1), (1, 1), (0, -1)),
}


def samples(movement, carrying, rate, seconds, seed, gravity=G):
    """[(t, ax, ay, az, gx, gy, gz)] in seconds, m/s2, rad/s; no clock of a phone ticks evenly."""
    draw = random.Random(seed)
    rows = []
    for i in range(int(rate * seconds)):
        t = max(0, i / rate + draw.gauss(0, 0.0003))
        world = movement(t)
        force, spin = (world[0] + gravity, *world[1:3]), world[3:]
        phone = [sign * force[axis] + draw.gauss(0, 0.04) for axis, sign in CARRYING[carrying]]
        phone += [sign * spin[axis] + draw.gauss(0, 0.01) for axis, sign in CARRYING[carrying]]
        rows.append((t, *phone))
    return rows


# The apps.

def table(header, rows, separator=','):
    return header + '\n' + ''.join(separator.join(row) + '\n' for row in rows)


def phyphox(rows):
    header = ','.join(['"Time (s)"'] + [f'"Acceleration {axis} (m/s^2)"' for axis in 'xyz']
                      + [f'"Gyroscope {axis} (rad/s)"' for axis in 'xyz'])
    return table(header, [[f'{value:.9E}' for value in row] for row in rows])


def sensor_logger(rows):
    return table('seconds_elapsed,accelerometerX,accelerometerY,accelerometerZ,gyroscopeX,gyroscopeY,gyroscopeZ',
                 [[f'{row[0]:.7f}'] + [f'{value:.6f}' for value in row[1:]] for row in rows])


def epoch_milliseconds(rows):
    return table('timestamp_ms;ax;ay;az;gx;gy;gz',
                 [[f'{1717236000000 + 1000 * row[0]:.1f}'] + [f'{value:.4f}' for value in row[1:]] for row in rows],
                 ';')


def plain_milliseconds(rows):
    return table('t [ms]\taccX\taccY\taccZ\tgyrX\tgyrY\tgyrZ',
                 [[f'{1000 * row[0]:.0f}'] + [f'{value:.3f}' for value in row[1:]] for row in rows], '\t')


def nanoseconds(rows):
    return table('time_ns, acc_x, acc_y, acc_z, gyro_x, gyro_y, gyro_z',
                 [[f'{1e9 * row[0]:.0f}'] + [f'{value:.5f}' for value in row[1:]] for row in rows], ', ')


def bare(rows):
    """Six columns and nothing else: 200 Hz."""
    return ''.join(' '.join(f'{value:.4f}' for value in row[1:]) + '\n' for row in rows)


def in_g(rows):
    """A wrist band: g and degrees per second."""
    return table('Time (s),Accel X (g),Accel Y (g),Accel Z (g),Gyro X (deg/s),Gyro Y (deg/s),Gyro Z (deg/s)',
                 [[f'{row[0]:.4f}'] + [f'{value / G:.5f}' for value in row[1:4]]
                  + [f'{math.degrees(value):.3f}' for value in row[4:]] for row in rows])


# name: (app, samples, questions)
LOGS = {
    'desk.csv': (phyphox, samples(still, 'on the table', 100, 3, 1),
                 [('What is the phone doing?', motion('still')), ('Is it moving?', NO)]),
    'shelf.csv': (epoch_milliseconds, samples(still, 'in the hand, upright', 50, 5, 2),
                  [('Describe the movement.', motion('still')), ('Is the person running?', NO)]),
    'upside_down.csv': (bare, samples(still, 'in the pocket, upside down', 200, 2.5, 3),
                        [(CAPTION, motion('still')), ('Does the phone move?', NO)]),
    'commute.csv': (sensor_logger, samples(strolling, 'in the hand, upright', 100, 4, 4),
                    [('What is the person doing?', motion('walking')), ('Is the person walking?', YES)]),
    'parade.csv': (phyphox, samples(marching, 'on its left side', 200, 2.2, 5),
                   [('How is the person moving?', motion('walking')), ('Is it shaking?', NO)]),
    'museum.csv': (plain_milliseconds, samples(strolling, 'in the pocket, upside down', 50, 3, 6),
                   [(CAPTION, motion('walking')), ('What kind of motion is this?', motion('walking'))]),
    'wrist_walk.csv': (in_g, samples(marching, 'on the table', 100, 6, 7),
                       [('Which activity is this?', motion('walking')), ('Is somebody walking?', YES)]),
    'park.csv': (phyphox, samples(jogging, 'in the hand, upright', 100, 3, 8),
                 [('What is happening?', motion('running')), ('Is somebody running?', YES)]),
    'race.csv': (epoch_milliseconds, samples(sprinting, 'in the pocket, upside down', 200, 3, 9),
                 [('What does the person do?', motion('running')), ('Is the person standing still?', NO)]),
    'wrist_run.csv': (in_g, samples(jogging, 'on its left side', 50, 4, 10),
                      [('Is the person walking or running?', motion('running')), ('Is it still?', NO)]),
    'linear_run.csv': (sensor_logger, samples(sprinting, 'in the hand, upright', 100, 3, 11, gravity=0),
                       [('Describe the motion.', motion('running')), ('Is the person running?', YES)]),
    'maraca.csv': (nanoseconds, samples(rattling, 'on the table', 100, 3, 12),
                   [('What is being done with the phone?', motion('shaking')), ('Is the phone being shaken?', YES)]),
    'cocktail.csv': (phyphox, samples(cocktail, 'in the hand, upright', 200, 2.5, 13),
                     [(CAPTION, motion('shaking')), ('Is someone walking?', NO)]),
    'linear_shake.csv': (plain_milliseconds, samples(cocktail, 'on its left side', 100, 3, 14, gravity=0),
                         [('What motion do you recognise?', motion('shaking')), ('Is it shaking?', YES)]),
    'desk_chair.csv': (phyphox, samples(turning(1.6), 'on the table', 100, 3, 15),
                       [('What is the person doing?', motion('turning left')), ('Is it turning left or right?',
                                                                                 motion('turning left'))]),
    'corner.csv': (sensor_logger, samples(turning(1.1), 'in the hand, upright', 50, 3, 16),
                   [('Which way does it turn?', motion('turning left')), ('Is this a fall?', NO)]),
    'carousel.csv': (in_g, samples(turning(2.0), 'face down', 100, 3, 17),
                     [('Describe the motion.', motion('turning left')), ('Does it turn left?', YES)]),
    'junction.csv': (epoch_milliseconds, samples(turning(-1.4), 'on the table', 200, 2.5, 18),
                     [('In which direction is it turning?', motion('turning right')), ('Is it falling?', NO)]),
    'waltz.csv': (phyphox, samples(turning(-2.1), 'in the hand, upright', 100, 4, 19),
                  [('What is the movement?', motion('turning right')), ('Does it turn to the left?', NO)]),
    'dropped.csv': (phyphox, samples(dropping(0.6, 1.15), 'in the hand, upright', 100, 2.5, 20),
                    [('What happened to the phone?', motion('falling')), ('Is the phone falling?', YES)]),
    'oops.csv': (bare, samples(dropping(0.4, 1.2), 'on the table', 200, 2.2, 21),
                 [(CAPTION, motion('falling')), ('Is the phone lying still all the time?', NO)]),
    'balcony.csv': (plain_milliseconds, samples(dropping(0.3, 1.4), 'on its left side', 50, 3, 22),
                    [('What is going on?', motion('falling')), ('Did it fall?', YES)]),
}


def make(folder):
    found = []
    for name, (app, rows, asks) in LOGS.items():
        path = folder / name
        path.write_text(app(rows), encoding='ascii')
        found.append(Case('imu', name, [('imu', path)], asks))
    return found
