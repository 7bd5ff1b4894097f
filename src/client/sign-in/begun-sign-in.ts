import { readFile, rm } from 'node:fs/promises'
import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import { replaceFile } from '../../reach/replace-file.ts'

/** What a browser's sign-in needs to be finished by whoever comes next. */
export interface BegunBrowserSignIn {
  /** Where the tab that is open comes back to. */
  readonly redirectUri: string
  readonly codeVerifier: string
  /** Whether no tab could be opened for it, so that whoever goes on with it tries again. */
  readonly isUnopened?: boolean | undefined
  /** Whether it is to prolong a session. */
  readonly isRenewal?: boolean | undefined
}

/** A sign-in that was begun and that nobody has answered yet. */
export interface BegunSignIn {
  /** Where the person signs in. */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly begunAtMs: number
  readonly browser?: BegunBrowserSignIn | undefined
  readonly device?: DeviceCodeAnswer | undefined
}

/**
 * The sign-in that is under way at one gateway, in a file for its owner alone: other processes show its
 * address while they wait, and the next one goes on with it when its process is gone, so that no retry
 * opens a tab of its own. Only the holder of the lock writes it.
 */
export interface BegunSignIns {
  /** Undefined where there is none, or one that is too old to go on with. */
  read(): Promise<BegunSignIn | undefined>
  /** That it cannot be kept changes nothing else. */
  keep(begun: BegunSignIn): Promise<void>
  forget(): Promise<void>
}

/**
 * Its address is valid for 5 minutes at the gateway; enough must be left to open it once more.
 *
 * @limit age of a sign-in that the next client goes on with: it begins a new one
 */
const maxAgeMs = 4 * 60_000

export function openBegunSignIns(path: string): BegunSignIns {
  return {
    async read() {
      const begun = parse(await readFile(path, 'utf8').catch(() => ''))
      const ageMs = Date.now() - (begun?.begunAtMs ?? 0)
      return ageMs >= 0 && ageMs < maxAgeMs ? begun : undefined
    },
    keep: (begun) => replaceFile(path, JSON.stringify(begun)).catch(() => undefined),
    forget: () => rm(path, { force: true }).catch(() => undefined),
  }
}

/** What another release wrote may have another shape; it is then as good as none. */
function parse(text: string): BegunSignIn | undefined {
  const { url, begunAtMs, browser, device } = fieldsOf(parseJson(text))
  if (typeof url !== 'string' || typeof begunAtMs !== 'number') return undefined
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return undefined
  // A URL that was parsed and written anew has no control characters: a terminal can show it.
  return {
    url: new URL(url).href,
    begunAtMs,
    browser: parseBrowser(browser),
    device: parseDevice(device),
  }
}

function parseBrowser(value: unknown): BegunBrowserSignIn | undefined {
  const { redirectUri, codeVerifier, isUnopened, isRenewal } = fieldsOf(value)
  return typeof redirectUri === 'string' && typeof codeVerifier === 'string'
    ? {
        redirectUri,
        codeVerifier,
        isUnopened: isUnopened === true,
        isRenewal: isRenewal === true,
      }
    : undefined
}

function parseDevice(value: unknown): DeviceCodeAnswer | undefined {
  const fields = fieldsOf(value)
  const texts = ['deviceCode', 'userCode', 'verificationUri', 'verificationUriComplete']
  const numbers = ['expiresInSeconds', 'intervalSeconds']
  const isWhole =
    texts.every((name) => typeof fields[name] === 'string') &&
    numbers.every((name) => typeof fields[name] === 'number')
  // Each of its fields was looked at.
  return isWhole ? (fields as unknown as DeviceCodeAnswer) : undefined
}

function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
