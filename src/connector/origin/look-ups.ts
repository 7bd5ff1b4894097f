import { lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import type { LookUpAll } from '../../net/dial.ts'

type Done = Parameters<LookUpAll>[2]

/** One look-up, for everybody who wants to know the same name meanwhile. */
interface LookUp {
  readonly host: string
  /** With the person that each is for. */
  readonly waiting: Map<Done, string>
}

/** Finds the addresses of services, without taking all threads of the process for it. */
export interface OriginLookUps {
  /** Of names that rules have. */
  readonly ofRules: LookUpAll
  /**
   * Of names that clients choose, who may choose any: they have their own threads, and fewer, which are shared out among
   * the people they are for.
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
 * `maxRunning`, nor than `maxOfOne` for one person. Each takes a thread for as long as the resolver does, many seconds where nobody answers, and cannot
 * be taken back: two such names held up those of every other service, and the gateway's.
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
  const queued = new Set<LookUp>()
  /** For whom each one is that is under way. */
  const running = new Map<LookUp, string>()

  function beginNext(): void {
    while (running.size < maxRunning) {
      const [next] = candidates().toSorted((a, b) => a.underWay - b.underWay)
      if (next === undefined || next.underWay >= maxOfOne) return
      queued.delete(next.one)
      begin(next.one, next.person)
    }
  }

  function candidates() {
    const counts = new Map<string, number>()
    for (const person of running.values()) counts.set(person, (counts.get(person) ?? 0) + 1)
    return [...queued].flatMap((one) =>
      [...new Set(one.waiting.values())].map((person) => {
        return { one, person, underWay: counts.get(person) ?? 0 }
      }),
    )
  }

  function begin(one: LookUp, person: string): void {
    running.set(one, person)
    lookUp(one.host, { all: true }, (error, addresses) => {
      running.delete(one)
      byHost.delete(one.host)
      for (const done of one.waiting.keys()) done(error, addresses)
      beginNext()
    })
  }

  function enqueue(host: string): LookUp {
    const made = { host, waiting: new Map<Done, string>() }
    byHost.set(host, made)
    queued.add(made)
    return made
  }

  return (person) => (host, options, done) => {
    // Answered without a thread.
    if (isIP(host) !== 0) return lookUp(host, options, done)
    const one = byHost.get(host) ?? enqueue(host)
    const { signal } = options
    const answered: Done = (...answer) => {
      signal?.removeEventListener('abort', leave)
      done(...answer)
    }
    function leave(): void {
      one.waiting.delete(answered)
      if (one.waiting.size > 0 || !queued.delete(one)) return
      byHost.delete(host)
    }
    one.waiting.set(answered, person)
    signal?.addEventListener('abort', leave, { once: true })
    beginNext()
  }
}
