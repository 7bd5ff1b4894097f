import { Counter, type Registry } from 'prom-client'

/** Bytes that have moved so far, growing while something is open; `TunnelBytes` of `net/` fits by shape. */
export interface CountedBytes {
  readonly up: number
  readonly down: number
}

/** Adds up the bytes of what is open and of what has ended. */
export interface ByteCounter {
  /** Reads it at each scrape from now on. */
  add(bytes: CountedBytes): void
  /** Takes what it says now for good, so that no scrape shows less than the one before it. */
  end(bytes: CountedBytes): void
}

/** Adds a counter with the label `direction` to a registry. */
export function countBytes(
  registry: Registry,
  names: { readonly name: string; readonly help: string },
): ByteCounter {
  const ended = { up: 0, down: 0 }
  const live = new Set<CountedBytes>()
  void new Counter({
    ...names,
    labelNames: ['direction'],
    registers: [registry],
    collect() {
      let { up, down } = ended
      for (const bytes of live) {
        up += bytes.up
        down += bytes.down
      }
      this.reset()
      this.inc({ direction: 'up' }, up)
      this.inc({ direction: 'down' }, down)
    },
  })
  return {
    add: (bytes) => void live.add(bytes),
    end(bytes) {
      live.delete(bytes)
      ended.up += bytes.up
      ended.down += bytes.down
    },
  }
}
