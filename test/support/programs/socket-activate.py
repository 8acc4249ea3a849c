"""socket-activate.py PATH PROGRAM...: listens on a unix socket and, when somebody connects, becomes PROGRAM with it as descriptor 3 (sd_listen_fds(3))."""
import os
import select
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
select.select([listener], [], [])
if listener.fileno() == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(listener.fileno(), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[2], sys.argv[2:])
