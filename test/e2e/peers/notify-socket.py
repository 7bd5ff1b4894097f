# Plays systemd's part for one service: prints what comes to a NOTIFY_SOCKET, a line for each word, as
# sd_notify(3) has it. Descriptors that come along are let go, which is what a barrier waits for.
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print("listening", flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(listener, 65536, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    for word in data.decode().splitlines():
        print(word, flush=True)
