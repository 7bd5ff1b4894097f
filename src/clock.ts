/** The time, so that tests can drive it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back once after a delay in milliseconds; dispose to cancel. Never keeps the process up. */
  schedule(delayMs: number, callback: () => void): Disposable
}

/**
 * A longer wait is made of several, so that the wall clock is looked at in between: a timer stands still
 * while the machine sleeps, and `setTimeout` fires at once beyond 2^31 milliseconds.
 *
 * @limit none: longer waits are made of several
 */
const maxTimeoutMs = 30_000

/** A wait that begins anew by `refresh`, as often as bytes come. */
export interface Timer extends Disposable {
  refresh(): unknown
}

/** A clock whose timers count the time that the process has run, which no setting of the machine's clock moves. */
export interface TimerClock extends Clock {
  /** Calls back once after at most 2^31 - 1 milliseconds without a `refresh`. */
  timer(delayMs: number, callback: () => void): Timer
}

export const systemClock: TimerClock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const dueMs = Date.now() + delayMs
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const leftMs = dueMs - Date.now()
      const fire = leftMs > maxTimeoutMs ? arm : callback
      timer = setTimeout(fire, Math.min(Math.max(leftMs, 0), maxTimeoutMs)).unref()
    }
    arm()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  timer: (delayMs, callback) => setTimeout(callback, delayMs),
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Both of Go's spellings: the micro sign and the Greek letter.
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const amountAndUnit = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy

/** Go counts nanoseconds in 63 bits: some 292 years. */
const maxDurationMs = 2 ** 63 / 1e6

/**
 * Parses a duration as Go writes it (`15m`, `1h30m`, `1.5s`, `0`), which Pomerium's and cloudflared's
 * settings use. Answers milliseconds, or undefined when it is not one, is negative or too
 * long for Go.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  let totalMs = 0
  let readChars = 0
  for (const [part, amount, unit] of text.matchAll(amountAndUnit)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
    readChars += part.length
  }
  const isWhole = readChars > 0 && readChars === text.length
  return isWhole && totalMs < maxDurationMs ? totalMs : undefined
}

const wordMs: readonly (readonly [word: RegExp, ms: number])[] = [
  [/^(?:s|secs?|seconds?)$/i, 1000],
  [/^(?:m|mins?|minutes?)$/i, 60_000],
  [/^(?:h|hrs?|hours?)$/i, 3_600_000],
  [/^(?:d|days?)$/i, 86_400_000],
  [/^(?:w|weeks?)$/i, 604_800_000],
]

/** How a text that is no duration is written as one: `14d` as `336h`; undefined where nothing tells. */
export function durationHint(text: string): string | undefined {
  if (parseDuration(text) !== undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return `add a unit, such as ${text}s or ${text}m`
  const parts = [...text.matchAll(/\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]+)/gi)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trimEnd())
    return undefined
  const sizes = parts.map(([, amount, unit = '']) => {
    const [, ms] = wordMs.find(([word]) => word.test(unit)) ?? []
    return ms === undefined ? undefined : Number(amount) * ms
  })
  if (!sizes.every((ms) => ms !== undefined)) return undefined
  const totalMs = sizes.reduce((sum, ms) => sum + ms, 0)
  return totalMs >= 1000 && totalMs < maxDurationMs ? `write ${formatDuration(totalMs)}` : undefined
}

/** Formats milliseconds for people: `350ms`, `4.2s`, `15m`, `1h30m`. */
export function formatDuration(durationMs: number): string {
  // By what it rounds to, so that 999.6 ms are "1s" and not "1000ms".
  if (Math.round(durationMs) < 1000) return `${Math.round(durationMs)}ms`
  if (Math.round(durationMs / 100) < 600) return `${Math.round(durationMs / 100) / 10}s`
  const totalSeconds = Math.round(durationMs / 1000)
  const parts = [
    [Math.floor(totalSeconds / 3600), 'h'],
    [Math.floor((totalSeconds % 3600) / 60), 'm'],
    [totalSeconds % 60, 's'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join('')
}

/** Says milliseconds in a sentence, to the second: `30 minutes`, `1 hour 30 minutes`, `7 days`. */
export function sayDuration(durationMs: number): string {
  const totalSeconds = Math.round(durationMs / 1000)
  const parts = [
    [Math.floor(totalSeconds / 86_400), 'day'],
    [Math.floor((totalSeconds % 86_400) / 3600), 'hour'],
    [Math.floor((totalSeconds % 3600) / 60), 'minute'],
    [totalSeconds % 60, 'second'],
  ] as const
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
  return said.length === 0 ? '0 seconds' : said.join(' ')
}
