"""vlan.py DEVICE NAME ID...: NAME is a device of a VLAN on DEVICE, for kernels without 802.1Q: a TAP whose frames go out of DEVICE with the tags of these
IDs, the outermost first, and which gets what comes there with these tags. Prints the other tags that it sees, a line each. DEVICE must not offload."""
import fcntl
import os
import select
import socket
import struct
import sys

ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 3, 263, 8, 4
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
TP_STATUS_VLAN_VALID, TPID = 0x10, 0x8100

device, name, ids = sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]]
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
wire.bind((device, ETH_P_ALL))
print("ready", flush=True)


def outer(controls):
    """The tag that the kernel has taken off the frame."""
    for level, kind, data in controls:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return [tci & 0xFFF]
    return []


while True:
    readable, _, _ = select.select([wire, tap], [], [])
    if wire in readable:
        frame, controls, _, address = wire.recvmsg(1 << 16, 256)
        if address[2] == PACKET_OUTGOING:
            continue
        tags = outer(controls)
        while frame[12:14] == struct.pack(">H", TPID):
            tags.append(struct.unpack(">H", frame[14:16])[0] & 0xFFF)
            frame = frame[:12] + frame[16:]
        if tags == ids:
            os.write(tap, frame)
        else:
            print(f"other tags {tags}", flush=True)
    if tap in readable:
        frame = os.read(tap, 1 << 16)
        put = b"".join(struct.pack(">HH", TPID, each) for each in ids)
        try:
            wire.send(frame[:12] + put + frame[12:])
        except OSError:
            pass  # too long: as any device drops it
