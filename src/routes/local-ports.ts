/** Chooses the local ports of commands that may all run at once. */
export interface LocalPorts {
  /**
   * A port that it has given to nobody else: the familiar one where that is still free, or else one of 20,000 to
   * 29,999, drawn from the name.
   */
  take(name: string, familiar?: number): number
}

/** Below those that systems give to outgoing connections, and above those of the tools. */
const ownPorts = { first: 20_000, count: 10_000 }

/** For one list: the first of it that asks for a familiar port has it. */
export function createLocalPorts(): LocalPorts {
  const taken = new Set<number>()
  return {
    take(name, familiar) {
      const isFamiliar = familiar !== undefined && !taken.has(familiar)
      const port = isFamiliar ? familiar : freePort(ownPortOf(name), taken)
      taken.add(port)
      return port
    },
  }
}

/**
 * A local port for what may be anything: always the same for a name, and another for nearly every other one, so
 * that it stays when others come and go, which numbering them would not let it.
 */
export function ownPortOf(name: string): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return ownPorts.first + (hash % ownPorts.count)
}

/** The next one that is free; the same again where none is. */
function freePort(port: number, taken: ReadonlySet<number>): number {
  const { first, count } = ownPorts
  for (let step = 0; step < count; step += 1) {
    const next = first + ((port - first + step) % count)
    if (!taken.has(next)) return next
  }
  return port
}
