# A globe of circles of latitude, poles included many times, as PLY with a normal per vertex.
# awk -v rings=40 -v sectors=60 -v radius=25 -v colour="200 30 30" -f uv_sphere.awk
BEGIN {
    pi = atan2(0, -1)
    print "ply\nformat ascii 1.0\ncomment made by uv_sphere.awk\ncomment units are millimetres"
    print "element vertex " (rings + 1) * sectors
    print "property float x\nproperty float y\nproperty float z\nproperty float nx\nproperty float ny\nproperty float nz"
    if (colour != "")
        print "property uchar red\nproperty uchar green\nproperty uchar blue"
    print "end_header"
    for (i = 0; i <= rings; i++)
        for (j = 0; j < sectors; j++) {
            t = pi * i / rings; p = 2 * pi * j / sectors
            x = sin(t) * cos(p); y = sin(t) * sin(p); z = cos(t)
            printf "%.4f %.4f %.4f %.4f %.4f %.4f %s\n", radius * x, radius * y, radius * z, x, y, z, colour
        }
}
