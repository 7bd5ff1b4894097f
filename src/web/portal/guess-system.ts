/** The kinds of systems that there is a way to install for. */
export type SystemKind = 'linux' | 'darwin' | 'windows'

/** What a browser says of the machine that it runs on. */
export interface BrowserWords {
  readonly userAgent: string
  /** Only Chromium has it; it does not tell the processor without being asked. */
  readonly platform?: string | undefined
}

/** Linux where nobody can tell. */
export function guessSystem({ userAgent, platform = '' }: BrowserWords): SystemKind {
  const words = `${platform} ${userAgent}`
  if (/windows/i.test(words)) return 'windows'
  return /mac ?os|macintosh/i.test(words) ? 'darwin' : 'linux'
}

/** What this browser says. */
export function browserWords(): BrowserWords {
  const { userAgent } = navigator
  const { userAgentData } = navigator as { userAgentData?: { platform?: string } }
  return { userAgent, platform: userAgentData?.platform }
}
