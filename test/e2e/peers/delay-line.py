"""Passes frames between two interfaces, each MILLISECONDS late: delay-line.py A B MILLISECONDS

What `tc netem delay` does, where the kernel has none. Says "ready" once it passes frames.
"""

import collections
import select
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
# Frames come with what the sender has left to the hardware (checksums, segments), and leave with it.
PACKET_VNET_HDR = 15
# What goes out by the interface itself is seen as well (packet(7)).
PACKET_OUTGOING = 4
LONGEST_FRAME = 70_000
MOST_WAITING = 10_000
# As many frames as one look takes: a system call for each is most of the work as it is.
BATCH = 64
# What the kernel keeps for us until then, beyond its limit for everybody: a frame that finds no room is lost, and
# sixteen connections that send at once lose enough to be a fifth as fast.
SO_RCVBUFFORCE = 33
RECEIVE_BYTES = 256 * 1024 * 1024


def open_interface(name):
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    line.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    line.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
    line.bind((name, 0))
    line.setblocking(False)
    return line


first, second = open_interface(sys.argv[1]), open_interface(sys.argv[2])
delay = float(sys.argv[3]) / 1000
waiting = collections.deque()
print("ready", flush=True)



def take(line, other):
    """Takes what has come on one interface, as it is to leave by the other."""
    due = time.monotonic() + delay
    for _ in range(BATCH):
        try:
            frame, address = line.recvfrom(LONGEST_FRAME)
        except BlockingIOError:
            return
        if address[2] != PACKET_OUTGOING and len(waiting) < MOST_WAITING:
            waiting.append((due, other, frame))


while True:
    due = max(waiting[0][0] - time.monotonic(), 0) if waiting else None
    readable, _, _ = select.select([first, second], [], [], due)
    for line in readable:
        take(line, second if line is first else first)
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        _, line, frame = waiting.popleft()
        try:
            line.send(frame)
        except OSError:
            pass  # The interface is down: the frame is lost.
