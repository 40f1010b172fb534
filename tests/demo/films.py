"""Films made with ffmpeg's filters alone: something drawn by drawbox or geq that an expression moves, grows or switches
on and off. H.264, VP8, VP9, Motion JPEG, MPEG-4 and GIF; upright, square, wide.

The model looks at five frames, at 0, 1, 2, 3 and 4 fifths of a film's length less one second, so things that blink do
not do it in step with that."""

from case import CAPTION, Case, run
from expected import EMPTY, NO, YES, colour, movement, shape, thing

# The alpha channel of a sprite of W x H pixels, as expressions of geq.
STAR = '+'.join(f'lt((X-W/2)*sin({angle})-(Y-H*0.53)*cos({angle}),H*0.162)'
                for angle in (0, 1.2566, 2.5133, 3.7699, 5.0265))
ALPHAS = {
    'disc': 'lte(hypot(X-W/2+0.5,Y-H/2+0.5),W/2-1)',
    'ellipse': 'lte(hypot((X-W/2+0.5)/W,(Y-H/2+0.5)/H),0.49)',
    'box': '1',
    'triangle': 'lte(abs(X-W/2),Y*W/H/2)',
    'diamond': 'lte(abs(X-W/2)/W+abs(Y-H/2)/H,0.49)',
    'plus': 'gt(lte(abs(X-W/2),W/6)+lte(abs(Y-H/2),H/6),0)',
    'star': f'gte({STAR},4)',
}


def sprite(alpha, fill, size, rate):
    """A source of that form and colour which goes on for ever; only its first frame is computed."""
    return (f"color=c={fill}:s={size}:r={rate}:d=0.2,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':"
            f"a='255*{ALPHAS[alpha]}',loop=loop=-1:size=1,setpts=N/{rate}/TB")


def film(alpha, fill, size, ground, frame, rate, seconds, place, change='null'):
    """The filters of a film: a sprite, perhaps changed over time, laid over a ground at a place."""
    return (f'color=c={ground}:s={frame}:r={rate}:d={seconds}[ground];'
            f'{sprite(alpha, fill, size, rate)},{change}[thing];'
            f'[ground][thing]overlay={place}:shortest=1,format=yuv420p')


MIDDLE = "x='(W-w)/2':y='(H-h)/2':eval=frame"
H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '22']
VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k']
VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k']
MJPEG = ['-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p']
MPEG4 = ['-c:v', 'mpeg4', '-q:v', '3']
GIF = ['-pix_fmt', 'rgb8']

# name: (filters, encoder, questions)
FILMS = {
    'rolling.mp4': (
        film('disc', 'red', '70x70', 'white', '320x240', 25, 5, "x='10+55*t':y=90"), H264,
        [('What happens in the film?', thing('red', 'circle') + movement('sideways')),
         ('How does the circle move?', movement('sideways')), ('What colour is it?', colour('red'))]),
    'elevator.webm': (
        film('box', 'blue', '60x60', 'white', '240x240', 20, 6, "x=90:y='90+85*sin(1.2*t)'"), VP8,
        [(CAPTION, thing('blue', 'square') + movement('vertical')), ('Which shape moves here?', shape('square')),
         ('How is it moving?', movement('vertical'))]),
    'balloon.mp4': (
        film('disc', 'orange', '200x200', 'lightblue', '320x240', 15, 6, MIDDLE,
             "scale=w='40+26*t':h='40+26*t':eval=frame"), H264,
        [('What do you see in this video?', thing('orange', 'circle') + movement('size')),
         ('What does the circle do?', movement('size')), ('Is it standing still?', NO)]),
    'lamp.mp4': (
        film('disc', 'yellow', '90x90', 'black', '320x240', 20, 5, f"{MIDDLE}:enable='lt(mod(t,1),0.5)'"), H264,
        [('What is happening here?', thing('yellow', 'circle') + movement('blinking')),
         ('Does the circle blink?', YES)]),
    'photo.webm': (
        film('triangle', 'green', '110x100', 'white', '320x240', 10, 4, MIDDLE), VP9,
        [('Describe the video.', thing('green', 'triangle') + movement('still')), ('Does anything move?', NO),
         ('What kind of shape is in the video?', shape('triangle'))]),
    'pong.gif': (
        film('box', 'white', '36x80', 'black', '240x180', 10, 4, "x=100:y='50+48*sin(2*PI*t/3)'"), GIF,
        [('What do you see?', thing('white', 'rectangle') + movement('vertical')),
         ('Does it move sideways or up and down?', movement('vertical'))]),
    'comet.mp4': (
        film('star', 'yellow', '80x80', 'navy', '426x240', 24, 6, "x='173+140*sin(1.1*t)':y=80"), H264,
        [('What moves in this film?', thing('yellow', 'star')),
         ('In which way does the star move?', movement('sideways'))]),
    'heart_beat.avi': (
        film('diamond', 'purple', '160x160', 'white', '300x300', 20, 5, MIDDLE,
             "scale=w='100+80*sin(1.3*t)':h='100+80*sin(1.3*t)':eval=frame"), MJPEG,
        [('What is the diamond doing?', movement('size')), ('Tell me what you see.', thing('purple', 'diamond'))]),
    'ambulance.webm': (
        film('plus', 'red', '100x100', 'white', '320x240', 15, 7, f"{MIDDLE}:enable='lt(mod(t+0.1,2.4),1.2)'"),
        VP9,
        [(CAPTION, thing('red', 'cross') + movement('blinking')), ('What colour has the cross?', colour('red'))]),
    'lift.mkv': (
        film('ellipse', 'brown', '60x110', 'beige', '240x426', 25, 5, "x=90:y='20+75*t'"), H264,
        [('Describe what happens.', thing('brown', 'oval') + movement('vertical')), ('Is it a square?', NO)]),
    'tram.mov': (
        film('box', 'cyan', '120x60', 'gray', '640x360', 12, 5, "x='480-95*t':y=150"), H264,
        [('What is the rectangle doing?', movement('sideways')),
         ('Which colour does the moving thing have?', colour('cyan')),
         ('Is the object blinking?', NO)]),
    'pupil.mp4': (
        film('disc', 'black', '160x160', 'white', '256x256', 20, 4, MIDDLE,
             "scale=w='200-42*t':h='200-42*t':eval=frame"), MPEG4,
        [('What happens to the circle?', movement('size')), ('What can you see?', thing('black', 'circle'))]),
    'poster.mp4': (
        film('star', 'pink', '120x120', 'black', '300x300', 12, 5, MIDDLE) + ',noise=alls=10:allf=t', H264,
        [('What is in this video?', thing('pink', 'star') + movement('still')), ('Is the star moving?', NO)]),
    'pendulum.webm': (
        film('diamond', 'green', '70x100', 'white', '320x240', 20, 8, "x='125+105*sin(0.9*t)':y=70"), VP8,
        [('What is shown in the clip?', thing('green', 'diamond') + movement('sideways')),
         ('Is it standing still?', NO)]),
    'jumping.gif': (
        film('triangle', 'red', '60x60', 'white', '200x200', 10, 4, "x=70:y='130-120*abs(sin(1.5*t))'"), GIF,
        [('How does the triangle move?', movement('vertical')), ('What is it?', thing('red', 'triangle'))]),
    'turn_signal.avi': (
        film('box', 'orange', '80x80', 'gray', '320x240', 25, 6, "x=120:y=80:enable='gt(sin(2.2*t),0)'"), MPEG4,
        [('What does the square do?', movement('blinking')), ('What shape can be seen?', shape('square')),
         ('color of the square?', colour('orange'))]),
    'drawn_box.mp4': (
        "color=c=white:s=320x240:r=20:d=5,drawbox=x=120:y=80:w=80:h=80:color=blue:t=fill,format=yuv420p", H264,
        [('What do you see?', thing('blue', 'square') + movement('still')), ('Is the square blue?', YES)]),
    'sliding_box.mp4': (
        "color=c=yellow:s=400x300:r=20:d=6[ground];color=c=black:s=150x60:r=20:d=6[bar];"
        "[ground][bar]overlay=x='125+110*cos(t)':y=120,format=yuv420p", H264,
        [('What happens in the video?', thing('black', 'rectangle') + movement('sideways')),
         ('What colour is the thing that moves?', colour('black'))]),
    'formula.webm': (
        "nullsrc=s=200x200:r=10:d=5,format=gbrp,geq=r='240*lt(hypot(X-100,Y-100),30+14*T)':g=20:b=20,format=yuv420p",
        VP9,
        [('Does the object change its size?', YES), ('What shape is it?', shape('circle'))]),
    'blank.mp4': (
        'color=c=white:s=320x240:r=10:d=4,format=yuv420p', H264,
        [('What can be seen in the video?', EMPTY), ('Is anything moving?', NO)]),
    'dark.webm': (
        'color=c=black:s=240x180:r=10:d=5,format=yuv420p', VP8,
        [('Describe the film.', EMPTY), ('Is there a red circle?', NO)]),
}


def make(folder):
    found = []
    for name, (filters, encoder, asks) in FILMS.items():
        path = folder / name
        run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-threads', '1', '-filter_complex_threads', '1',
            '-filter_complex', filters, *encoder, path)
        found.append(Case('video', name, [('video', path)], asks))
    return found
