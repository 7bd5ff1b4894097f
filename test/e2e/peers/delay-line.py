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


def open_interface(name):
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    line.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    line.bind((name, 0))
    line.setblocking(False)
    return line


first, second = open_interface(sys.argv[1]), open_interface(sys.argv[2])
delay = float(sys.argv[3]) / 1000
waiting = collections.deque()
print("ready", flush=True)

while True:
    due = max(waiting[0][0] - time.monotonic(), 0) if waiting else None
    readable, _, _ = select.select([first, second], [], [], due)
    for line in readable:
        frame, address = line.recvfrom(LONGEST_FRAME)
        if address[2] != PACKET_OUTGOING and len(waiting) < MOST_WAITING:
            other = second if line is first else first
            waiting.append((time.monotonic() + delay, other, frame))
    while waiting and waiting[0][0] <= time.monotonic():
        _, line, frame = waiting.popleft()
        try:
            line.send(frame)
        except OSError:
            pass  # The interface is down: the frame is lost.
