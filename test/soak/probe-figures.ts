/** What the process of a gateway says of itself, after a collection of its garbage. */
export interface ProbeFigures {
  /** Of the whole process in RAM. */
  readonly rssBytes: number
  /** Of JavaScript's heap. */
  readonly heapBytes: number
  /** Of buffers and whatever else hangs on the heap. */
  readonly externalBytes: number
  /** Of what V8 keeps for objects of Node.js itself: a few bytes for each of its handles. */
  readonly handleBytes: number
  /** Objects that somebody holds, whether anything happens to them or not: sockets of TCP. */
  readonly sockets: number
  /** The same of streams of HTTP/2. */
  readonly streams: number
  /** The same of timers, whether they keep the process or not. */
  readonly timers: number
  /** 99th percentile of how late the event loop was since the last time, in milliseconds. */
  readonly loopDelayP99Ms: number
}

/** What its line begins with. */
export const probeWord = 'postern-soak: '

/** What a gateway can be made to lose for each connection that it makes. */
export const leakNames = ['descriptor', 'socket', 'timer', 'buffer', 'object'] as const
export type LeakName = (typeof leakNames)[number]
