import { inTime } from './child.ts'

export type LogLine = Readonly<Record<string, unknown>>

/** The JSON lines of a gateway, as they come. */
export interface LogLines {
  /** Takes output, in whatever pieces it comes. */
  take(text: string): void
  /** Everything so far, as it was written. */
  text(): string
  /** All lines so far that fit. */
  all(fits: (line: LogLine) => boolean): readonly LogLine[]
  /** Resolves to the first line, past or to come, that fits. */
  first(fits: (line: LogLine) => boolean): Promise<LogLine>
}

/** Longest wait for a line, in milliseconds. */
const maxWaitMs = 15_000

export function createLogLines(): LogLines {
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  let whole = ''
  let rest = ''
  return {
    take(text) {
      whole += text
      const parts = `${rest}${text}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts.map((part) => JSON.parse(part) as LogLine))
      for (const wake of waiting) wake()
    },
    text: () => whole,
    all: (fits) => lines.filter(fits),
    async first(fits) {
      const { promise, resolve } = Promise.withResolvers<LogLine>()
      const look = (): void => {
        const found = lines.find(fits)
        if (found !== undefined) resolve(found)
      }
      waiting.add(look)
      look()
      const late = (): string => `no such log line: ${fits.toString()}`
      return inTime(promise, late, maxWaitMs).finally(() => waiting.delete(look))
    },
  }
}
