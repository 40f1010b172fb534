# A cone with its tip up and an open bottom, colours before coordinates, in double precision, with an alpha channel.
# awk -v height=10 -v radius=4 -v steps=45 -v around=48 -v colour="30 160 60 255" -f ice_cone.awk
BEGIN {
    print "ply\nformat ascii 1.0\nobj_info handwritten\nelement vertex " steps * around
    print "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha"
    print "property double x\nproperty double y\nproperty double z\nend_header"
    for (i = 0; i < steps; i++)
        for (j = 0; j < around; j++) {
            t = (i + 0.5) / steps; a = 6.283185307179586 * j / around
            printf "%s %.12g %.12g %.12g\n", colour, radius * t * cos(a), radius * t * sin(a), height * (1 - t)
        }
}
