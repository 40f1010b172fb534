# A cube from six grids, as PCD with the colour packed into one number.
# awk -v n=16 -v side=100 -v rgb=16711680 -f dice.awk
BEGIN {
    print "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7"
    print "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1"
    print "WIDTH " 6 * n * n "\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS " 6 * n * n "\nDATA ascii"
    for (axis = 0; axis < 3; axis++)
        for (end = 0; end <= 1; end++)
            for (i = 0; i < n; i++)
                for (j = 0; j < n; j++) {
                    c[axis] = end * side; c[(axis + 1) % 3] = side * i / (n - 1); c[(axis + 2) % 3] = side * j / (n - 1)
                    print c[0], c[1], c[2], rgb
                }
}
