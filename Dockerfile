# The two programs and nothing else: both are static. `make image` builds them
# first and needs no registry.
FROM scratch
COPY bin/obold /usr/sbin/obold
COPY bin/obol /usr/bin/obol
ENV PATH=/usr/sbin:/usr/bin
# A host without ESP in its kernel gives it TUN: --device /dev/net/tun, with the
# capabilities NET_ADMIN and NET_RAW.
# The configuration goes to /etc/obol; trustpoints live in the volume.
VOLUME /var/lib/obol
ENTRYPOINT ["/usr/sbin/obold"]
CMD ["-c", "/etc/obol/obol.cfg"]
