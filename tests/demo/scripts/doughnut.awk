# A torus as plain text: x y z, and a colour if one is given.
# awk -v big=2 -v small=0.6 -v n=64 -v m=32 -v colour="0.9 0.8 0.1" -f doughnut.awk
BEGIN {
    print "# X Y Z (R G B)"
    for (i = 0; i < n; i++)
        for (j = 0; j < m; j++) {
            u = 6.2831853 * i / n; v = 6.2831853 * j / m
            print (big + small * cos(v)) * cos(u), (big + small * cos(v)) * sin(u), small * sin(v), colour
        }
}
