import { durationHint, formatDuration, parseDuration } from '../../clock.ts'

/** What is wrong with a `session_duration`, in words that follow its name. */
export interface SessionDurationFault {
  readonly message: string
  readonly hint?: string
}

/**
 * Looks at how long Cloudflare lets a sign-in last for an application or a policy: here every sign-in lasts
 * `sessionMs`, so a longer duration is kept, and a shorter one would not be. Undefined `sessionMs`: not known yet.
 */
export function checkSessionDuration(
  written: unknown,
  sessionMs: number | undefined,
): SessionDurationFault | undefined {
  const durationMs = typeof written === 'string' ? parseDuration(written) : undefined
  if (durationMs === undefined) {
    const hint = durationHint(String(written))
    const message = `must be a duration such as 24h, not ${JSON.stringify(written)}`
    return { message, ...(hint !== undefined && { hint }) }
  }
  if (sessionMs === undefined || durationMs >= sessionMs) return undefined
  const asked = durationMs === 0 ? '0s' : formatDuration(durationMs)
  return {
    message: `is ${asked}, and a sign-in lasts ${formatDuration(sessionMs)} here`,
    hint:
      durationMs < 1000
        ? 'leave it out: there is no sign-in for one tunnel alone'
        : `set "cookie_expire" to ${asked} at most, or leave "session_duration" out`,
  }
}
