"""socket-activate.py PATH[,PATH...] PROGRAM...: listens on unix sockets and, when somebody connects to one, becomes PROGRAM with them as
descriptors 3 and up (sd_listen_fds(3))."""
import os
import select
import socket
import sys

listeners = []
for path in sys.argv[1].split(","):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path): # as systemd does
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    listeners.append(listener)
print("listening", flush=True)
select.select(listeners, [], [])
high = [os.dup(listener.fileno()) for listener in listeners]  # out of the way first
while min(high) < 3 + len(high):
    high = [os.dup(fd) for fd in high]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)))
os.execvp(sys.argv[2], sys.argv[2:])
