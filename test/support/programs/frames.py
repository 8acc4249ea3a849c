"""frames.py DEVICE: prints each frame that comes in by it, and sends each that it reads, a line of hex digits each, with the virtio-net header of
10 bytes before it (packet(7), PACKET_VNET_HDR): what a program with CAP_NET_RAW in a container can do."""
import os
import select
import socket
import sys

ETH_P_ALL, SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 3, 263, 15, 4

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
wire.bind((sys.argv[1], ETH_P_ALL))
print("ready", flush=True)
rest = b""
while True:
    readable, _, _ = select.select([wire, 0], [], [])
    if wire in readable:
        frame, address = wire.recvfrom(1 << 17)
        if address[2] != PACKET_OUTGOING:
            print(frame.hex(), flush=True)
    if 0 in readable:
        more = os.read(0, 1 << 16)
        if more == b"":
            break
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            try:
                wire.send(bytes.fromhex(line.decode()))
            except OSError as error:  # the kernel itself refuses what lies too openly
                print(f"refused {error}", flush=True)
