"""Pictures drawn with ImageMagick, as somebody types them on a command line: canvases of all sizes, colours by their
CSS names or in hexadecimal, strokes, gradients, blur, noise and six file formats.

A picture that is not square is seen through the square in its middle, so things stand well within it."""

import shlex

from case import CAPTION, Case, run
from expected import (CANNOT_TELL, EMPTY, EMPTY_OR_CANNOT_TELL, NO, YES, colour, count, place, shape, size, thing,
                      things, two_things)

PROGRAM = '/usr/bin/convert'

# name of the file: (arguments of convert, [(question, expected)])
PICTURES = {
    'ball.png': (
        '-size 640x480 xc:white -fill red -draw "circle 320,240 320,90"',
        [('What do you see in this picture?', thing('red', 'circle')), ('which color is it', colour('red')),
         ('Is it a small or a large one?', size('large')), ('Is there a square in the picture?', NO)]),
    'tile.jpg': (
        '-size 800x600 xc:ivory -fill navy -draw "rectangle 290,190 510,410" -quality 85',
        [(CAPTION, thing('blue', 'square')), ('Name the shape, please.', shape('square')),
         ('Is the shape blue?', YES)]),
    'christmas.png': (
        '-size 512x512 xc:black -fill yellow -draw "polygon 256,76 301,194 427,200 329,280 362,402 256,332 150,402 '
        '183,280 85,200 211,194"',
        [('What is shown here?', thing('yellow', 'star')), ('What colour is the background?', colour('black')),
         ('How big is the star?', size('large'))]),
    'tent.gif': (
        '-size 300x400 xc:lightgray -fill green -draw "polygon 150,120 240,270 60,270"',
        [('What shape is this?', shape('triangle')), ('Tell me the colour of the thing.', colour('green')),
         ('Is it a green triangle?', YES)]),
    'egg.webp': (
        '-size 500x500 xc:white -fill "#ff8800" -draw "translate 250,250 rotate 4 ellipse 0,0 170,95 0,360"',
        [('What is this?', thing('orange', 'oval')), ('Where is it?', place('middle')),
         ('Is this a circle?', NO)]),
    'kite.webp': (
        '-size 600x600 gradient:white-lightblue -fill purple -draw "polygon 300,130 420,300 300,470 180,300"',
        [('Describe the picture.', thing('purple', 'diamond')), ('What colour does the shape have?', colour('purple')),
         ('Which shape can you see?', shape('diamond'))]),
    'pharmacy.bmp': (
        '-size 400x400 xc:black -fill hotpink -draw "rectangle 170,80 230,320 rectangle 80,170 320,230"',
        [('What can be seen here?', thing('pink', 'cross')), ('What form does the object have?', shape('cross')),
         ('color?', colour('pink'))]),
    'door.jpg': (
        '-size 480x640 xc:beige -fill saddlebrown -draw "rectangle 180,190 300,450" -attenuate 0.4 +noise gaussian '
        '-quality 75',
        [('What is in the image?', thing('brown', 'rectangle')), ('Which colour is the rectangle?', colour('brown')),
         ('Is there anything blue here?', NO)]),
    'dot.png': (
        '-size 640x640 xc:white -fill black -draw "circle 115,120 115,70"',
        [('Where is the circle?', place('top', 'left')), ('Is it small or large?', size('small')),
         ('What is it?', thing('black', 'circle'))]),
    'stamp.tiff': (
        '-size 600x600 xc:navy -fill white -draw "rectangle 435,440 535,540" -compress lzw',
        [('In which corner is the square?', place('bottom', 'right')), ('What colour is the square?', colour('white')),
         ('What is the colour of the background?', colour('blue')), ('Is the object large?', NO)]),
    'slate.png': (
        '-size 350x350 xc:white -fill gray40 -draw "polygon 175,30 205,85 145,85"',
        [('Please name the object and its colour.', thing('grey', 'triangle')),
         ('Where can I find it in the picture?', place('top')), ('How large is the triangle?', size('small'))]),
    'frost.jpg': (
        '-size 700x500 xc:gray20 -fill cyan -draw "polygon 350,90 388,198 502,201 411,270 444,380 350,315 256,380 '
        '289,270 198,201 312,198" -blur 0x2 -quality 90',
        [('What am I looking at?', thing('cyan', 'star')), ('Is this star red?', NO),
         ('What is the colour of the star?', colour('cyan'))]),
    'traffic.png': (
        '-size 600x400 xc:white -fill red -draw "circle 160,120 160,75" -draw "circle 300,280 300,235" '
        '-draw "circle 440,140 440,95"',
        [('How many circles are there?', count('three')), ('What do you see?', things('three', 'red', 'circle')),
         ('What colour are they?', colour('red'))]),
    'windows.gif': (
        '-size 500x500 xc:khaki -fill blue -draw "rectangle 70,180 180,290 rectangle 310,200 420,310"',
        [('How many shapes can you count?', count('two')), ('What are these?', things('two', 'blue', 'square')),
         ('Which colour do the squares have?', colour('blue'))]),
    'dominoes.png': (
        '-size 640x640 xc:white -fill black -draw "circle 150,150 150,100 circle 490,150 490,100 '
        'circle 320,320 320,270 circle 150,490 150,440 circle 490,490 490,440"',
        [('How many are there?', count('five')), (CAPTION, things('five', 'black', 'circle'))]),
    'warnings.jpg': (
        '-size 800x800 xc:gray90 -fill darkorange -draw "polygon 200,120 290,280 110,280" '
        '-draw "polygon 600,130 690,290 510,290" -draw "polygon 210,500 300,660 120,660" '
        '-draw "polygon 590,520 680,680 500,680" -quality 92',
        [('Count the triangles.', count('four')),
         ('Describe what you see.', things('four', 'orange', 'triangle')),
         ('Are they orange?', YES)]),
    'signals.png': (
        '-size 500x500 xc:white -fill red -draw "circle 130,250 130,175" -fill "#2040d0" '
        '-draw "rectangle 300,180 440,320"',
        [('What do you see here?', two_things(('red', 'circle'), ('blue', 'square'))),
         ('What is on the left?', thing('red', 'circle')), ('What is on the right side?', thing('blue', 'square')),
         ('Is there a star?', NO)]),
    'roof.webp': (
        '-size 560x560 xc:lightyellow -fill green -draw "polygon 280,60 380,220 180,220" -fill purple '
        '-draw "rectangle 170,350 390,470" -quality 85',
        [('Describe this image.', two_things(('green', 'triangle'), ('purple', 'rectangle'))),
         ('What is at the top?', thing('green', 'triangle')), ('What colour is the rectangle?', colour('purple'))]),
    'night.png': (
        '-size 720x480 xc:black -fill white -draw "rectangle 212,150 248,330 rectangle 140,222 320,258" -fill orange '
        '-draw "ellipse 490,240 90,45 0,360"',
        [('Which two things are in the picture?', two_things(('white', 'cross'), ('orange', 'oval'))),
         ('What colour is the oval?', colour('orange')), ('What shape is the white thing?', shape('cross'))]),
    'sheet.png': (
        '-size 600x450 xc:white',
        [('What is in this picture?', EMPTY), ('Is there anything to see?', NO),
         ('What shape is it?', EMPTY_OR_CANNOT_TELL)]),
    'sky.jpg': (
        '-size 640x480 gradient:skyblue-white -quality 90',
        [('What do you see in this image?', EMPTY), (CAPTION, EMPTY)]),
    'static.png': (
        '-size 256x256 xc:gray50 -seed 7 -attenuate 0.5 +noise gaussian',
        [('Describe the picture.', EMPTY), ('Do you see a circle?', NO)]),
    'note.jpg': (
        '-size 450x450 xc:white -fill deeppink -draw "translate 225,225 rotate 8 rectangle -95,-95 95,95" -blur 0x3 '
        '-quality 80',
        [('What is it?', thing('pink', 'square')), ('Is that a red star?', NO)]),
    'plate.png': (
        '-size 640x640 xc:white -fill royalblue -stroke black -strokewidth 6 -draw "circle 320,320 320,140"',
        [('What is drawn here?', thing('blue', 'circle')), ('What colour is the circle?', colour('blue'))]),
    'hoop.png': (
        '-size 480x480 xc:white -fill none -stroke "#c01010" -strokewidth 30 -draw "circle 240,240 240,90"',
        [('What shape is drawn?', shape('circle')), ('And what colour is it?', colour('red'))]),
    'banner.png': (
        '-size 1024x400 xc:lightgreen -fill yellow -stroke black -strokewidth 2 -draw "polygon 512,90 532,160 '
        '605,160 546,203 568,273 512,231 456,273 478,203 419,160 492,160"',
        [('What is in the middle of the picture?', thing('yellow', 'star')),
         ('What colour is behind the star?', colour('green'))]),
    'pool.png': (
        '-size 500x500 radial-gradient:white-silver -fill "#00b8d8" -draw "roundrectangle 110,185 390,315 12,12"',
        [('What is the shape?', shape('rectangle')), ('What is the colour?', colour('cyan')),
         ('What does it smell of?', CANNOT_TELL)]),
    'fog.gif': (
        '-size 400x300 xc:white -fill gray50 -draw "ellipse 150,220 38,20 0,360"',
        [('What thing is this?', thing('grey', 'oval')), ('Is there an oval?', YES),
         ('Is the thing black?', NO)]),
    'leaf.jpg': (
        '-size 900x900 xc:"#fff8e0" -fill forestgreen -draw "polygon 750,340 820,450 750,560 680,450" -quality 70',
        [('On which side is the diamond?', place('right')), ('What can you tell me about the shape?', shape('diamond')),
         ('Is it green?', YES)]),
    'button.png': (
        '-size 360x360 xc:gold -fill purple -draw "circle 60,180 60,152"',
        [('Where is the circle located?', place('left')), ('What colour is the background?', colour('yellow')),
         ('small or large?', size('small'))]),
}


def make(folder):
    found = []
    for name, (arguments, asks) in PICTURES.items():
        path = folder / name
        run(PROGRAM, *shlex.split(arguments), path)
        found.append(Case('image', name, [('image', path)], asks))
    return found
