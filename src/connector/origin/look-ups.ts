import { lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import type { LookUpAll } from '../../net/dial.ts'

type Done = Parameters<LookUpAll>[2]

/** One look-up, for everybody who wants to know the same name meanwhile. */
interface LookUp {
  readonly host: string
  /** Before those of a higher one. */
  readonly turn: number
  /** With the person that each is for. */
  readonly waiting: Map<Done, string>
}

/** Finds the addresses of services, without taking all threads of the process for it. */
export interface OriginLookUps {
  /** Of names that rules have. */
  readonly ofRules: LookUpAll
  /**
   * Of names that clients choose, who may choose any: they have their own threads, and fewer, which are shared out
   * among the people they are for.
   */
  ofClients(person: string): LookUpAll
}

/** libuv's own number, where nothing says another. */
const usualThreads = 4

export interface OriginLookUpOptions {
  /** As `dns.lookup` with `all`. */
  readonly lookup?: LookUpAll | undefined
  /** How many threads the process has. **Default:** those of libuv */
  readonly threads?: number | undefined
}

export function createOriginLookUps({
  lookup = systemLookup,
  threads = usualThreads,
}: OriginLookUpOptions): OriginLookUps {
  const { ofRules, ofClients } = lookUpPlaces(threads)
  return {
    ofRules: createLookUps(lookup, ofRules)(''),
    ofClients: createLookUps(lookup, ofClients, Math.max(1, ofClients - 1)),
  }
}

/** Of every four, and at least one. */
const clientsShare = 4
/** The gateway's name is looked up beside them. */
const keptFree = 2

/**
 * How many look-ups there may be at once, of the half of all threads that libuv has for them.
 *
 * @see https://github.com/libuv/libuv/blob/v1.x/src/threadpool.c `slow_work_thread_threshold`
 */
function lookUpPlaces(threads: number): { readonly ofRules: number; readonly ofClients: number } {
  const places = Math.floor((threads + 1) / 2)
  const ofClients = Math.max(1, Math.floor(places / clientsShare))
  return { ofClients, ofRules: Math.max(1, places - ofClients - keptFree) }
}

/**
 * Look-ups that share the threads that there are for them: one for each name, and no more at once than
 * `maxRunning`, nor than `maxOfOne` for one person. Each takes a thread for as long as the resolver does, many seconds
 * where nobody answers, and cannot be taken back: two such names held up those of every other service, and the
 * gateway's.
 *
 * Of those that wait, whoever has the fewest under way is next, and then in their order; one that nobody waits for any
 * more does not begin.
 */
export function createLookUps(
  lookUp: LookUpAll,
  maxRunning: number,
  maxOfOne = maxRunning,
): (person: string) => LookUpAll {
  const byHost = new Map<string, LookUp>()
  /** Those that have not begun, of each person who waits for them: one may have thousands. */
  const queues = new Map<string, Set<LookUp>>()
  /** For whom each one is that is under way. */
  const running = new Map<LookUp, string>()
  let turns = 0

  const underWay = (person: string): number =>
    [...running.values()].filter((it) => it === person).length

  function beginNext(): void {
    while (running.size < maxRunning) {
      const next = leastServed()
      if (next === undefined) return
      begin(next.one, next.person)
    }
  }

  function leastServed() {
    let least: { readonly one: LookUp; readonly person: string } | undefined
    let fewest = maxOfOne
    for (const [person, [one]] of queues) {
      const count = underWay(person)
      const isEarlier = count === fewest && one !== undefined && one.turn < (least?.one.turn ?? 0)
      if (one === undefined || (count >= fewest && !isEarlier)) continue
      least = { one, person }
      fewest = count
    }
    return least
  }

  function begin(one: LookUp, person: string): void {
    for (const waiting of one.waiting.values()) dequeue(one, waiting)
    running.set(one, person)
    lookUp(one.host, { all: true }, (error, addresses) => {
      running.delete(one)
      byHost.delete(one.host)
      for (const done of one.waiting.keys()) done(error, addresses)
      beginNext()
    })
  }

  function make(host: string): LookUp {
    const made = { host, turn: turns++, waiting: new Map<Done, string>() }
    byHost.set(host, made)
    return made
  }

  function enqueue(one: LookUp, person: string): void {
    const queue = queues.get(person) ?? new Set()
    queues.set(person, queue.add(one))
  }

  function dequeue(one: LookUp, person: string): void {
    const queue = queues.get(person)
    queue?.delete(one)
    if (queue?.size === 0) queues.delete(person)
  }

  return (person) => (host, options, done) => {
    // Answered without a thread.
    if (isIP(host) !== 0) return lookUp(host, options, done)
    const one = byHost.get(host) ?? make(host)
    const { signal } = options
    const answered: Done = (...answer) => {
      signal?.removeEventListener('abort', leave)
      done(...answer)
    }
    function leave(): void {
      one.waiting.delete(answered)
      if (byHost.get(host) !== one || running.has(one)) return
      if (!one.waiting.values().some((it) => it === person)) dequeue(one, person)
      if (one.waiting.size === 0) byHost.delete(host)
    }
    one.waiting.set(answered, person)
    signal?.addEventListener('abort', leave, { once: true })
    if (running.has(one)) return
    enqueue(one, person)
    beginNext()
  }
}
