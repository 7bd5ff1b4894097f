/** The time, so that tests can drive it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back once after a delay in milliseconds; dispose to cancel. Never keeps the process up. */
  schedule(delayMs: number, callback: () => void): Disposable
}

/** `setTimeout` holds a signed 32-bit count of milliseconds; a longer one fires at once. */
const maxTimeoutMs = 2_147_483_647

export const systemClock: Clock = {
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
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Parses a duration as Go writes it (`15m`, `1h30m`, `1.5s`, `0`), which Pomerium's and cloudflared's
 * settings use. Answers milliseconds, or undefined when it is not one or is negative.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
  }
  return Number.isFinite(totalMs) ? totalMs : undefined
}

/** Formats milliseconds for people: `350ms`, `4.2s`, `15m`, `1h30m`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`
  if (durationMs < 60_000) return `${Number((durationMs / 1000).toFixed(1))}s`
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
