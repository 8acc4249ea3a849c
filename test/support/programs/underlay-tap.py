"""
Looks at the frames of a device, of its own namespace, and does to the underlay what nobody should.
Arguments: DEVICE SECRET...; each line of standard input is a command, answered by a line of JSON:
`look` - frames so far, UDP datagrams to 4789 among them, and how many held each of the secrets.
`keep SRC` - keeps the next datagram from there that is at least 1,000 bytes long.
`again`, `change`, `plain VNI` - sends what was kept: as it was; with another last byte; as VXLAN that is not sealed.
What is sent has no UDP checksum.
"""
import json, select, socket, sys

ETH_P_ALL, IP = 3, 14
device, secrets = sys.argv[1], [bytes.fromhex(word) for word in sys.argv[2:]]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
wire.bind((device, 0))
seen = {"frames": 0, "datagrams": 0, "secrets": [0] * len(secrets)}
wanted, kept = None, None


def look(frame):
    global wanted, kept
    seen["frames"] += 1
    for n, secret in enumerate(secrets):
        seen["secrets"][n] += secret in frame
    if frame[12:14] != b"\x08\x00" or frame[IP + 9] != 17 or frame[IP + 22:IP + 24] != b"\x12\xb5":
        return
    seen["datagrams"] += 1
    if wanted == socket.inet_ntoa(frame[IP + 12:IP + 16]) and 1000 <= len(frame) <= 1514:
        kept, wanted = bytearray(frame), None


def send(change):
    frame = bytearray(kept)
    change(frame)
    frame[IP + 26:IP + 28] = b"\0\0"
    wire.send(frame)


def answer(words):
    global wanted
    if words[0] == "keep":
        wanted = words[1]
    elif words[0] == "again":
        send(lambda frame: None)
    elif words[0] == "change":
        send(lambda frame: frame.__setitem__(-1, frame[-1] ^ 1))
    elif words[0] == "plain":
        send(lambda frame: frame.__setitem__(slice(42, 50), b"\x08\0\0\0" + int(words[1]).to_bytes(3, "big") + b"\0"))
    print(json.dumps({"event": "done", "kept": kept is not None, **seen}), flush=True)


print(json.dumps({"event": "ready"}), flush=True)
while True:
    for source in select.select([wire, sys.stdin], [], [])[0]:
        if source is wire:
            look(wire.recv(1 << 17))
        else:
            line = sys.stdin.readline()
            if not line:
                sys.exit()
            answer(line.split())
